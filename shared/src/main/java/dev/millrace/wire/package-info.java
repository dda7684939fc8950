/**
 * The wire protocol, version 1: records, their JSON form, limits, and a tolerant reader. What other
 * languages need to know about it is docs/protocol.md.
 */
package dev.millrace.wire;
