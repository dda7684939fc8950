package dev.millrace.scheduler.secret;

import dev.millrace.model.Claim;
import dev.millrace.secret.AesGcm;
import dev.millrace.secret.Hkdf;
import dev.millrace.settings.SecretSettings;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartSecrets;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this node can do with its master keys: seal and open stored secrets, and give and judge
 * grants. Each use has a key of its own, derived from the master key. Immutable; any thread.
 */
public final class MasterKeys {
  private static final byte[] SALT = "millrace".getBytes(StandardCharsets.UTF_8);
  private static final String AT_REST = "millrace secrets at rest 1";
  private static final String GRANTS = "millrace secret grants 1";

  private record Derived(byte[] atRest, byte[] grants) {}

  private final Map<String, Derived> keys = new LinkedHashMap<>();
  private final String primary;

  public MasterKeys(SecretSettings settings) {
    for (SecretSettings.Key key : settings.keys()) {
      keys.put(
          key.id(),
          new Derived(Hkdf.key(SALT, key.bytes(), AT_REST), Hkdf.key(SALT, key.bytes(), GRANTS)));
    }
    primary = keys.isEmpty() ? null : keys.keySet().iterator().next();
  }

  /** True when nothing can be stored. */
  public boolean isEmpty() {
    return keys.isEmpty();
  }

  public boolean has(String id) {
    return keys.containsKey(id);
  }

  /** Ids of all keys, the one that seals first. */
  public List<String> ids() {
    return List.copyOf(keys.keySet());
  }

  /** Id of the key that seals, or null without keys. */
  public String primary() {
    return primary;
  }

  byte[] seal(String id, byte[] plain, byte[] context) {
    return AesGcm.seal(keys.get(id).atRest(), plain, context);
  }

  /** Empty when the key is not here, or it was sealed with another one or for something else. */
  Optional<byte[]> open(String id, byte[] sealed, byte[] context) {
    Derived key = keys.get(id);
    return key == null ? Optional.empty() : AesGcm.open(key.atRest(), sealed, context);
  }

  /**
   * The start with what proves to any node that its attempt may have the secrets that its stage
   * refers to; without keys, and where it refers to none, as it is.
   */
  public Start granted(Start start) {
    StartSecrets secrets = start.secrets();
    if (secrets == null || secrets.names().isEmpty() || keys.isEmpty()) {
      return start;
    }
    byte[] mac = mac(keys.get(primary), start.claim(), start.namespace(), secrets.names());
    return start.granted(Base64.getUrlEncoder().withoutPadding().encodeToString(mac));
  }

  /** True when one of these keys has given this grant for exactly this. */
  boolean isGranted(Claim claim, String namespace, List<String> names, String grant) {
    byte[] shown;
    try {
      shown = Base64.getUrlDecoder().decode(grant);
    } catch (IllegalArgumentException e) {
      return false;
    }
    boolean granted = false;
    for (Derived key : keys.values()) {
      granted |= MessageDigest.isEqual(mac(key, claim, namespace, names), shown);
    }
    return granted;
  }

  /** No part of it can hold the separator: ids, namespaces and names of secrets have none. */
  private static byte[] mac(Derived key, Claim claim, String namespace, List<String> names) {
    List<String> parts = new ArrayList<>();
    parts.add(claim.run().toString());
    parts.add(claim.stage());
    parts.add(Integer.toString(claim.attempt()));
    parts.add(namespace);
    parts.addAll(names);
    return Hkdf.mac(key.grants(), String.join("\n", parts).getBytes(StandardCharsets.UTF_8));
  }
}
