/** Files that others write, as both sides look at them: which are meant, and when one is whole. */
package dev.millrace.file;
