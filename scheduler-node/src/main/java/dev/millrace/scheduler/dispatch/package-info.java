/** From READY to the broker: a bounded window per pool, confirms, the watermark, and bundles. */
package dev.millrace.scheduler.dispatch;
