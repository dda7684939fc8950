"""Asks a Prometheus every query of a dashboard; an error or an empty answer fails. For check.sh."""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE_SECONDS = 60


def queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "10s")


def ask(base, expression):
    url = base + "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            found = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        return "refused: " + error.read().decode()
    except OSError as error:
        return "no answer: %s" % error
    if not found:
        return "empty"
    if any(series["value"][1] == "NaN" for series in found):
        return "not a number"
    return None


def main():
    base, path = sys.argv[1], sys.argv[2]
    with open(path) as file:
        todo = list(queries(json.load(file)))
    end = time.monotonic() + PATIENCE_SECONDS
    total = len(todo)
    while True:
        wrong = [(title, expr, ask(base, expr)) for title, expr in todo]
        wrong = [entry for entry in wrong if entry[2]]
        if not wrong or time.monotonic() > end:
            break
        time.sleep(1)
    for title, expr, why in wrong:
        print("FAILED panel=%r query=%r: %s" % (title, expr, why))
    print("%d of %d queries answered" % (total - len(wrong), total))
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
