"""Serves every meter of docs/operations.md with made-up, growing values, for check.sh only."""

import http.server
import sys
import time

BEGAN = time.time()

COUNTERS = {
    "millrace_runs_created_total": [("trigger", "cron"), ("trigger", "manual")],
    "millrace_runs_finished_total": [("state", "COMPLETED"), ("state", "FAILED")],
    "millrace_stages_finished_total": [("state", "COMPLETED"), ("state", "FAILED")],
    "millrace_reports_total": [("verdict", "applied"), ("verdict", "stale")],
    "millrace_ticks_total": [("disposition", "FIRED"), ("disposition", "MISSED")],
    "millrace_dispatches_total": [None],
    "millrace_dispatch_unroutable_total": [None],
    "millrace_dispatch_republished_total": [("cause", "sweep"), ("cause", "term")],
    "millrace_workers_lost_total": [None],
    "millrace_log_lines_total": [None],
    "millrace_messages_quarantined_total": [None],
}
GAUGES = {
    "millrace_leader": [None],
    "millrace_leader_epoch": [None],
    "millrace_pool_ready": [("pool", "default")],
    "millrace_pool_queued": [("pool", "default")],
    "millrace_pool_window": [("pool", "default")],
    "millrace_pool_slots": [("pool", "default")],
    "millrace_workers": [("state", "ALIVE"), ("state", "SUSPECT")],
    "millrace_broker_connected": [None],
    "millrace_broker_blocked": [None],
    "millrace_heartbeat_expiry_frozen": [None],
    "millrace_clock_offset_seconds": [None],
    "millrace_publishes_unconfirmed": [None],
    "millrace_tick_lateness_seconds_max": [None],
    "millrace_turn_batch_max": [None],
    "hikaricp_connections_active": [("pool", "millrace-api")],
    "hikaricp_connections_pending": [("pool", "millrace-api")],
    "jvm_memory_used_bytes": [("area", "heap")],
}
HISTOGRAMS = ["millrace_tick_lateness_seconds", "millrace_turn_seconds"]
SUMMARIES = ["millrace_turn_batch"]


def sample(name, label, value):
    labels = '{%s="%s"}' % label if label else ""
    return "%s%s %s" % (name, labels, value)


def body():
    passed = time.time() - BEGAN
    lines = []
    for name, labels in COUNTERS.items():
        lines.append("# TYPE %s counter" % name)
        lines += [sample(name, label, passed * 10) for label in labels]
    for name, labels in GAUGES.items():
        lines.append("# TYPE %s gauge" % name)
        lines += [sample(name, label, 1) for label in labels]
    for name in HISTOGRAMS:
        lines.append("# TYPE %s histogram" % name)
        for le, share in (("0.001", 1), ("0.01", 8), ("0.1", 10), ("+Inf", 10)):
            lines.append(sample(name + "_bucket", ("le", le), passed * share))
        lines += ["%s_sum %s" % (name, passed * 0.05), "%s_count %s" % (name, passed * 10)]
    for name in SUMMARIES:
        lines.append("# TYPE %s summary" % name)
        lines += ["%s_sum %s" % (name, passed * 50), "%s_count %s" % (name, passed * 10)]
    return "\n".join(lines) + "\n"


class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = body().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *ignored):
        pass


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    with open(sys.argv[1], "w") as file:
        file.write(str(server.server_address[1]))
    server.serve_forever()
