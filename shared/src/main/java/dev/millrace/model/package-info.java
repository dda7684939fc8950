/** Plain values that both sides speak of: jobs, runs, stages, claims. JDK only. */
package dev.millrace.model;
