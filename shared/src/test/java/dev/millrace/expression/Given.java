package dev.millrace.expression;

import java.util.Map;
import java.util.Set;

/** One scope and one moment, for the tests and for the examples of docs/expressions.md. */
final class Given {
  static final Scope SCOPE =
      new Scope(
          Map.of(
              "name", "string",
              "count", "integer",
              "ratio", "number",
              "dry_run", "boolean",
              "labels", "object",
              "tags", "array",
              "note", "string",
              "my-param", "string"),
          Set.of("discover", "web-scrape", "load", "a.b"),
          true,
          true);

  private Given() {}

  static Bindings bindings() {
    return builder().build();
  }

  static Bindings.Builder builder() {
    return Bindings.builder()
        .params(
            """
            {"name": "Ada", "count": 9007199254740993, "ratio": 3, "dry_run": false,
             "labels": {"team": "data", "tier": 2}, "tags": ["x", "y"], "my-param": "p"}
            """)
        .run("0HZXW3V5K2Q8T", "nightly", "default", "manual", null, "2026-01-02T03:04:05Z", 2)
        .stage(
            "discover",
            succeeded(
                "{\"pages\": [{\"url\": \"a\", \"size\": 1.5}, {\"url\": \"b\", \"size\": 2}]}"))
        .stage(
            "web-scrape",
            new Bindings.StageResult("failed", null, 124, "timeout", "too slow", 9, 7, 2))
        .stage("a.b", succeeded("12345678901234567890"))
        .item("{\"url\": \"https://example.org\", \"page\": 7}", 3)
        .error("timeout", 124, "too slow", 2);
  }

  static Bindings.StageResult succeeded(String outputJson) {
    return new Bindings.StageResult("succeeded", outputJson, 0, null, null, 1, 1, 0);
  }

  static Expression any(String source) {
    return Expression.compile(source, SCOPE, Expression.Kind.ANY);
  }

  static String json(String source) {
    return any(source).evaluate(bindings()).toString();
  }
}
