/**
 * The engine in a simulated world: leaders, workers, a store and a broker in virtual time, all from
 * one seed, with every fault that we know of. What holds is checked after each commit.
 */
package dev.millrace.scheduler.simulation;
