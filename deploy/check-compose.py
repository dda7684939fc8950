"""Checks docker-compose.yml without a Docker engine: what compose itself would refuse, and our rules.

Needs PyYAML. `docker compose config` checks more, where there is one.
"""

import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECRET = re.compile(r"PASS|TOKEN|SECRET", re.IGNORECASE)


def problems(text):
    compose = yaml.safe_load(text)
    services = compose["services"]
    for variable in re.findall(r"\$\{([^}]*)\}", text):
        if not re.match(r"[A-Z_]+:\?.+", variable):
            yield "${%s} does not refuse to be unset" % variable
    for name, service in services.items():
        if "image" not in service or not re.search(r":[^:/]+$", service["image"]):
            yield "%s: no image with a tag" % name
        if service.get("image", "").endswith(":latest"):
            yield "%s: the tag `latest` is no version" % name
        for key, value in service.get("environment", {}).items():
            if SECRET.search(key) and ":?" not in str(value):
                yield "%s: %s does not come from .env" % (name, key)
            if not isinstance(value, str):
                yield "%s: %s is not text" % (name, key)
        for other, how in service.get("depends_on", {}).items():
            if other not in services:
                yield "%s: depends on %s, which is not there" % (name, other)
            elif how["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                yield "%s: waits for the health of %s, which has no check" % (name, other)
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield "%s: port %s is open to everybody" % (name, port)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and source != "./jobs.d" and not (ROOT / source).exists():
                yield "%s: %s does not exist" % (name, source)
            if not source.startswith((".", "/")) and source not in compose["volumes"]:
                yield "%s: volume %s is not declared" % (name, source)
        for secret in service.get("secrets", []):
            if secret not in compose["secrets"]:
                yield "%s: secret %s is not declared" % (name, secret)


def main():
    found = list(problems((ROOT / "docker-compose.yml").read_text()))
    print("\n".join(found) or "docker-compose.yml: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
