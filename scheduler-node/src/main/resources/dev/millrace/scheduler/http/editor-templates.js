// What a new job may begin with: each runs as it is.
export const TEMPLATES = [
  { key: "hello", title: "One command on a schedule", text: `id: my-job
description: What it is for, in one line
triggers:
  - cron: "0 6 * * MON-FRI"
    timezone: Europe/Berlin
retry: {max-attempts: 3, initial: 10s}
stages:
  - id: work
    run: command
    timeout: 10m
    with:
      shell: |
        echo "hello from run $MILLRACE_RUN"
` },
  { key: "pipeline", title: "A pipeline with a check and a clean-up", text: `id: my-pipeline
description: Extracts, loads and checks side by side, then publishes
params:
  day: {type: string, default: yesterday}
retry: {max-attempts: 3, initial: 5s}
stages:
  - id: extract
    run: command
    with: {argv: [echo, "extracting \${{ params.day }}"]}
  - id: load
    run: command
    needs: [extract]
    with: {shell: "echo loading; sleep 2; echo loaded"}
  - id: check
    run: command
    needs: [extract]
    with: {shell: "echo no row is broken"}
  - id: publish
    run: command
    needs: [load, check]
    timeout: 5m
    with: {shell: "echo published"}
on-failure:
  - id: tell
    run: command
    with: {argv: [echo, "load ended as \${{ stages.load.state }}"]}
finally:
  - id: tidy
    run: command
    with: {shell: "echo tidied"}
` },
  { key: "fan-out", title: "One stage for each item of a list", text: `id: my-fan-out
description: Does the same for every item, a few at a time, and tolerates some failures
params:
  items: {type: array, default: [one, two, three, four, five]}
stages:
  - id: each
    run: command
    for-each: \${{ params.items }}
    max-parallel: 3
    tolerate: 20%
    timeout: 30s
    retry: {max-attempts: 3, initial: 1s}
    with: {argv: [echo, "\${{ item }} is number \${{ index }}"]}
  - id: report
    run: command
    needs: [each]
    if: \${{ stages.each.completed > 0 }}
    with: {argv: [echo, "\${{ stages.each.completed }} done, \${{ stages.each.failed }} failed"]}
` },
  { key: "approval", title: "Somebody has to say yes", text: `id: my-release
description: Builds, asks, publishes; takes back what was published when the check fails
params:
  version: {type: string, required: true}
concurrency: {limit: 1}
stages:
  - id: build
    run: command
    with: {argv: [echo, "building \${{ params.version }}"]}
  - id: approve
    run: wait.approval
    needs: [build]
    with: {role: operator, message: "Publish \${{ params.version }}?", timeout: 1d, on-timeout: reject}
  - id: publish
    run: command
    needs: [approve]
    with: {argv: [echo, "publishing \${{ params.version }}"]}
    compensate:
      run: command
      with: {argv: [echo, "taking back \${{ params.version }}"]}
  - id: check
    run: command
    needs: [publish]
    with: {shell: "true"}
` },
];
