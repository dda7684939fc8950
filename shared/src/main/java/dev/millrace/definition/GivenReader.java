package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.ParamDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the {@code params} that a trigger, a window or a group gives: values for parameters that
 * the job declares. Confined to one thread.
 */
final class GivenReader {
  private final Map<String, ParamDefinition> declared = new LinkedHashMap<>();
  private final Expressions expressions;

  /**
   * @param params what the job declares
   * @param expressions are added to; what they may read is judged later
   */
  GivenReader(List<ParamDefinition> params, Expressions expressions) {
    params.forEach(param -> declared.putIfAbsent(param.name(), param));
    this.expressions = expressions;
  }

  /** A JSON object as text, <code>{}</code> when there is none or nothing of it is right. */
  String read(Fields owner) {
    return read(owner, "params");
  }

  /** The same under another key. */
  String read(Fields owner, String key) {
    Fields fields = owner.fields(key);
    ObjectNode given = Json.object();
    if (fields == null) {
      return Json.write(given);
    }
    fields.eachKey(
        entry -> {
          ParamDefinition param = declared.get(entry.key());
          if (param == null) {
            String near = DidYouMean.phrase(entry.key(), declared.keySet());
            fields.problem(
                entry.value(),
                entry.key(),
                "the job has no such parameter" + near + "; declare it in the job's `params`");
            return;
          }
          Doc written = fields.take(entry.key());
          JsonNode value =
              written == null
                  ? null
                  : ParamReader.value(fields, written, entry.key(), param.type(), expressions);
          if (value != null) {
            given.set(entry.key(), value);
          }
        });
    String text = Json.write(given);
    StartLimits.ofParams(text).ifPresent(fields::problem);
    return text;
  }
}
