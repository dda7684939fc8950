/** Secrets by reference: where they stand in a stage, how they travel, how they are hidden. */
package dev.millrace.secret;
