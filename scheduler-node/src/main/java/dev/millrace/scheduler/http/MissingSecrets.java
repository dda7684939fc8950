package dev.millrace.scheduler.http;

import dev.millrace.definition.StageSecrets;
import dev.millrace.expression.References;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.WebhookTrigger;
import dev.millrace.scheduler.secret.SecretVault;
import java.util.Set;
import java.util.TreeSet;

/** Secrets that a definition refers to and that are not there. Stateless. */
final class MissingSecrets {
  private MissingSecrets() {}

  /**
   * The note with a word about them; as it was when there are none. A definition may come before
   * its secrets, so that is no problem yet.
   *
   * @param note or null
   */
  static String noted(String note, SecretVault vault, JobDefinition job) {
    Set<String> names = names(job);
    if (names.isEmpty()) {
      return note;
    }
    names.removeAll(vault.known(job.namespace(), names));
    if (names.isEmpty()) {
      return note;
    }
    String word =
        "it refers to secrets that are not set in namespace '"
            + job.namespace()
            + "': "
            + String.join(", ", names)
            + "; what needs them fails until `millrace secret set` has been called";
    return note == null || note.isEmpty() ? word : note + "; " + word;
  }

  private static Set<String> names(JobDefinition job) {
    Set<String> names = new TreeSet<>();
    for (StageDefinition stage : job.stages()) {
      StageSecrets secrets = StageSecrets.of(stage.handler(), stage.withJson());
      if (secrets != null) {
        names.addAll(secrets.names());
      }
    }
    job.events().stream()
        .filter(WebhookTrigger.class::isInstance)
        .flatMap(trigger -> ((WebhookTrigger) trigger).secrets().stream())
        .flatMap(text -> References.of(text).stream())
        .filter(reference -> reference.kind() == References.Kind.SECRET)
        .forEach(reference -> names.add(reference.name()));
    return names;
  }
}
