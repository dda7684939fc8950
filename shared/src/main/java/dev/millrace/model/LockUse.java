package dev.millrace.model;

/**
 * A share of a named lock. Immutable.
 *
 * @param name unique inside the namespace
 * @param weight how much of the lock's capacity it takes (>= 1)
 * @param exclusive true when nobody else may hold any of it meanwhile
 */
public record LockUse(String name, int weight, boolean exclusive) {}
