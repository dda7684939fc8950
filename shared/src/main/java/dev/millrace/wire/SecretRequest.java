package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.util.List;

/**
 * A worker asks any scheduler node for stored secrets on {@code millrace.secrets}. Immutable.
 *
 * @param worker its id, the one that it reports under
 * @param namespace as the start says
 * @param names as the start says, all of them
 * @param grant as the start says
 * @param key the public key, of 32 bytes, that the answer is sealed for
 */
public record SecretRequest(
    Claim claim, String worker, String namespace, List<String> names, String grant, byte[] key) {
  public SecretRequest {
    names = List.copyOf(names);
    if (claim == null || worker == null || namespace == null || grant == null || key == null) {
      throw new IllegalArgumentException(
          "a request for secrets needs claim, worker, namespace, grant and key");
    }
    if (names.isEmpty()) {
      throw new IllegalArgumentException("names is empty");
    }
  }
}
