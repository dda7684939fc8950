package dev.millrace.expression;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProbeTest {
  @Test
  void probe() {
    Scope scope =
        new Scope(
            Map.of(
                "n",
                "integer",
                "ratio",
                "number",
                "name",
                "string",
                "flag",
                "boolean",
                "tags",
                "array",
                "o",
                "object",
                "my-param",
                "string"),
            Set.of("a", "web-scrape"),
            true,
            true);
    Bindings b =
        Bindings.builder()
            .params(
                "{\"n\":9007199254740993,\"ratio\":3,\"name\":\"x\",\"flag\":true,\"tags\":[1,2,\"x\"],\"o\":{\"k\":[1,2]},\"my-param\":\"p\"}")
            .run("r", "j", "ns", null, "2026-01-02T03:04:05Z", 2)
            .stage(
                "a",
                new Bindings.StageResult(
                    "succeeded",
                    "{\"rows\":[{\"id\":1,\"v\":1.5},{\"id\":2,\"v\":2}],\"big\":12345678901234567890,\"d\":1.10}",
                    0,
                    null,
                    null,
                    1,
                    1,
                    0))
            .stage(
                "web-scrape",
                new Bindings.StageResult("failed", null, null, "timeout", "late", 1, 0, 1))
            .item("{\"url\":\"http://x\"}", 3)
            .error("timeout", null, "m", 2)
            .build();
    String[] all = {
      "params.n",
      "params.n + 1",
      "params[\"n\"] + 1",
      "params.ratio * 2",
      "params.ratio / 2 + params.n",
      "params.name + 1",
      "params.name + string(1)",
      "params.my-param",
      "params['my-param']",
      "params.nme",
      "params.o.k[1]",
      "params.o.zz",
      "has(params.o.zz)",
      "has(params.name)",
      "has(params.nme)",
      "stages.a.output.rows.map(r, r.id)",
      "stages.a.output.rows.filter(r, r.v > 1.7)",
      "stages.a.output",
      "stages.a.output.big",
      "stages.a.output.d",
      "stages.a.output.d * 2",
      "stages.a.output.rows[0].v * 2",
      "stages.web-scrape.output",
      "stages['web-scrape'].error_class",
      "stages['web-scrape'].exit_code == null",
      "stages['web-scrape'].exit_code + 1",
      "stages.a.exit_code + 1",
      "stages.b.output",
      "stages.a.outptu",
      "stages.a",
      "stages",
      "stages[item.url]",
      "run.scheduled_for == null",
      "run.scheduled_for",
      "run.created_at",
      "run.created_at + duration('90s')",
      "run.created_at - run.created_at",
      "duration('90s')",
      "run.namespace",
      "run.attempt",
      "run.jb",
      "error.class == 'timeout'",
      "error.attempt < 3",
      "error.exit_code == 1",
      "item.url",
      "index + 1",
      "range(3)",
      "lists.range(3)",
      "range(100001)",
      "range(100000)",
      "range(100000).map(i, {'n': i})",
      "range(1000).map(i, range(1000))",
      "[3,1,2].sort()",
      "[{'a':2},{'a':1}].sortBy(x, x.a)",
      "[1,[2]].flatten()",
      "[1,1].distinct()",
      "'a,b'.split(',')",
      "['a','b'].join('-')",
      "math.greatest(1,2.5)",
      "math.gretest(1)",
      "'A'.lowerAscii()",
      "strings.quote('a')",
      "1 == 1.0",
      "params.ratio == 3",
      "stages.a.output.rows[1].v == 2.0",
      "1 +",
      "1 = 1",
      "a and b",
      "params.flag and true",
      "'abc",
      "foo(1)",
      "sise([1])",
      "x.y",
      "itm.url",
      "\"ü€😀\" + 1",
      "msg{a: 1}",
      "1 ? 2 : 3",
      "1/0",
      "9223372036854775807 + 1",
      "int('x')",
      "[1][5]",
      "{'a':1}['b']",
      "type(1)",
      "1u",
      "b'abc'",
      "-1.5",
      "1.0/0.0",
      "params.tags[2] + 1",
      "params.tags == [1,2,'x']",
      "params.o == {'k':[1,2]}",
      "2 in params.tags",
      "'k' in params.o",
      "params",
      "params[item.url]",
      "range(10).exists(i, params.tags[0] == i)",
      "params.tags.map(item, item)",
      "size(params.tags)",
      "params.o.all(k, k == 'k')",
      "'x'.matches('[')",
      "stages.a.output.rows[0].?v",
      "''' a '''",
      "r'\\d'",
      "null",
      "true ? null : 1",
      "{1: 2}",
      "{'a': 1}.a",
      "[1, 2.0, 'x']",
      "params.tags + [1]",
      "params.tags.slice(0,2)",
      "params.tags.reverse()",
      "stages.a.output.rows.map(r, r.id).join(',')",
      "stages.a.output.rows.map(r, string(r.id)).join(',')",
      "1 + 2.5",
      "2 * params.ratio",
      "params.n % 2",
      "string(params.ratio)",
      "params.n > 2.5",
      "dyn(1) + 'a'",
      "[1,2].exists(x, x > 1) || params.o.zz",
      "timestamp('x')",
      "run.created_at.getFullYear()",
      "run.created_at.getHours('Europe/Berlin')",
      "params.o.k.map(x, x)  // c"
    };
    for (String s : all) {
      try {
        Expression e = Expression.compile(s, scope, Expression.Kind.ANY);
        try {
          String r = e.evaluate(b).toString();
          System.out.println(
              "OK   "
                  + s
                  + " => "
                  + (r.length() > 90 ? r.substring(0, 90) + "..." + r.length() : r)
                  + " "
                  + e.stages());
        } catch (ExpressionException x) {
          System.out.println("EVAL " + s + " => " + x.getMessage());
        }
      } catch (ExpressionException x) {
        System.out.println("COMP " + s + " => " + x.position() + " " + x.getMessage());
      } catch (RuntimeException x) {
        System.out.println("BUG  " + s + " => " + x);
        x.printStackTrace(System.out);
      }
    }
  }
}
