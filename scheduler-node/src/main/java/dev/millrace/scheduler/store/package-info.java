/** All SQL. Static methods on the class that owns the table; the caller owns the transaction. */
package dev.millrace.scheduler.store;
