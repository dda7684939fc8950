/** The dashboard in a real browser, over a real Millrace. */
package dev.millrace.browser;
