/** How jobs have done over the days: counted from the transition log, beside the leader's work. */
package dev.millrace.scheduler.stats;
