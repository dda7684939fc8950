package dev.millrace.expression;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cel.common.types.CelType;
import dev.cel.common.values.CelValue;
import java.util.AbstractMap;
import java.util.Collection;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/**
 * A JSON object as CEL sees a map: nothing is copied, and a member is converted when it is read.
 * Being a {@link CelValue} keeps CEL from walking all of it at each access. Immutable.
 */
@SuppressWarnings("Immutable")
final class JsonMap extends CelValue implements Map<String, Object> {
  private final ObjectNode json;
  private final Members members = new Members();

  JsonMap(ObjectNode json) {
    this.json = json;
  }

  ObjectNode json() {
    return json;
  }

  @Override
  public Object value() {
    return this;
  }

  @Override
  public boolean isZeroValue() {
    return json.isEmpty();
  }

  @Override
  public CelType celType() {
    return Name.ANYTHING_BY_NAME;
  }

  @Override
  public int size() {
    return json.size();
  }

  @Override
  public boolean isEmpty() {
    return json.isEmpty();
  }

  @Override
  public boolean containsKey(Object key) {
    return key instanceof String name && json.has(name);
  }

  @Override
  public Object get(Object key) {
    return containsKey(key) ? JsonValues.toCel(json.get((String) key)) : null;
  }

  @Override
  public boolean containsValue(Object value) {
    return members.containsValue(value);
  }

  @Override
  public Object put(String key, Object value) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Object remove(Object key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void putAll(Map<? extends String, ?> all) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void clear() {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<String> keySet() {
    return members.keySet();
  }

  @Override
  public Collection<Object> values() {
    return members.values();
  }

  @Override
  public Set<Entry<String, Object>> entrySet() {
    return members.entrySet();
  }

  @Override
  public boolean equals(Object other) {
    return members.equals(other);
  }

  @Override
  public int hashCode() {
    return members.hashCode();
  }

  @Override
  public String toString() {
    return json.toString();
  }

  private final class Members extends AbstractMap<String, Object> {
    @Override
    public Set<Entry<String, Object>> entrySet() {
      return new MemberSet();
    }
  }

  private final class MemberSet extends java.util.AbstractSet<Entry<String, Object>> {
    @Override
    public int size() {
      return json.size();
    }

    @Override
    public Iterator<Entry<String, Object>> iterator() {
      return json.properties().stream()
          .<Entry<String, Object>>map(
              member -> Map.entry(member.getKey(), JsonValues.toCel(member.getValue())))
          .iterator();
    }
  }
}
