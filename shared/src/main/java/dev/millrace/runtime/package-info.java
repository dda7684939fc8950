/** The small kit that every long-running part is made of: services, loops, pulses, crash points. */
package dev.millrace.runtime;
