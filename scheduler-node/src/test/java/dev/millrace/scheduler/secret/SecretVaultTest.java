package dev.millrace.scheduler.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.scheduler.store.Database;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is stored opens for its own key, place and version only. */
class SecretVaultTest {
  private static final String VALUE = "correct horse battery staple";

  private TestDatabase place;
  private Database database;
  private Jdbi jdbi;

  @BeforeEach
  void start() throws Exception {
    place = TestServers.postgres().freshDatabase();
    database =
        new Database(new PostgresSettings(place.jdbcUrl(), place.user(), place.password(), 4));
    database.start();
    jdbi = database.api();
  }

  @AfterEach
  void stop() throws Exception {
    database.close();
    place.close();
  }

  private SecretVault vault(String... keys) {
    SecretVault vault = Vaults.of(jdbi, keys);
    vault.check();
    return vault;
  }

  private String everything() {
    return jdbi.withHandle(
        handle ->
            String.join(
                "\n",
                handle
                    .createQuery(
                        "select t::text || encode(sealed, 'escape') from secret t union all"
                            + " select t::text || encode(canary, 'escape') from secret_key t")
                    .mapTo(String.class)
                    .list()));
  }

  @Test
  void aValueComesBackAndIsNotReadable() {
    SecretVault vault = vault("k1");
    assertThat(vault.put("shop", "db", VALUE, "anna").version()).isEqualTo(1);
    assertThat(vault.put("shop", "db", VALUE + "2", "bert").version()).isEqualTo(2);
    vault.put("other", "db", "of another namespace", "anna");
    assertThat(vault.open("shop", List.of("db", "none")))
        .hasSize(1)
        .containsEntry("db", VALUE + "2");
    assertThat(vault.page("shop", "", "", 10))
        .singleElement()
        .satisfies(
            row -> {
              assertThat(row.createdBy() + row.changedBy()).isEqualTo("annabert");
              assertThat(new String(row.sealed(), StandardCharsets.ISO_8859_1))
                  .doesNotContain("horse");
            });
    assertThat(everything()).doesNotContain("horse", "the keys of this node");
    assertThat(vault.delete("shop", "db")).isTrue();
    assertThat(vault.delete("shop", "db")).isFalse();
    assertThat(vault.open("shop", List.of("db"))).isEmpty();
  }

  /** Somebody who can write to the table cannot give one secret in place of another. */
  @Test
  void aRowThatWasMovedDoesNotOpen() {
    SecretVault vault = vault("k1");
    vault.put("shop", "db", VALUE, "anna");
    vault.put("shop", "public", "known to everybody", "anna");
    for (String change :
        List.of(
            "update secret set sealed = (select sealed from secret where name = 'db')"
                + " where name = 'public'",
            "update secret set version = 7 where name = 'db'",
            "update secret set namespace = 'evil' where name = 'db'",
            "update secret set sealed = set_byte(sealed, 14, (get_byte(sealed, 14) + 1) % 256)"
                + " where name = 'db'")) {
      jdbi.useHandle(
          tx -> {
            tx.begin();
            tx.execute(change);
            assertThatThrownBy(
                    () -> {
                      vault.open(tx, "shop", List.of("db", "public"));
                      vault.open(tx, "evil", List.of("db"));
                    })
                .as(change)
                .isInstanceOf(SecretVault.Locked.class)
                .hasMessageContaining("cannot be opened with the keys of this node")
                .hasMessageNotContaining("horse");
            tx.rollback();
          });
    }
    assertThat(vault.open("shop", List.of("db"))).containsEntry("db", VALUE);
  }

  @Test
  void everythingIsSealedWithTheFirstKeyInTheEnd() {
    SecretVault first = vault("k1");
    for (int i = 0; i < 230; i++) {
      first.put("n" + i % 3, "s" + i, VALUE + i, "anna");
    }
    SecretVault both = vault("k2", "k1");
    both.put("n0", "s0", VALUE + "new", "anna");
    // What no key opens is told and passed over.
    jdbi.useHandle(handle -> handle.execute("update secret set version = 9 where name = 's5'"));
    SecretVault.Rotation done = both.rotate();
    assertThat(done.resealed()).isEqualTo(228);
    assertThat(done.locked()).containsExactly("n2/s5");
    assertThat(both.rotate().resealed()).isZero();
    jdbi.useHandle(handle -> handle.execute("delete from secret where name = 's5'"));
    SecretVault second = vault("k2");
    for (int i = 1; i < 230; i++) {
      if (i != 5) {
        assertThat(second.open("n" + i % 3, List.of("s" + i))).containsEntry("s" + i, VALUE + i);
      }
    }
  }

  @Test
  void aKeyThatIsAnotherOneOrMissingIsToldAtTheStart() {
    vault("k1").put("shop", "db", VALUE, "anna");
    SecretVault wrong = new SecretVault(jdbi, Vaults.keys(List.of(Vaults.key("k1", 99))));
    assertThatThrownBy(wrong::check).hasMessageContaining("the key 'k1'");
    assertThatThrownBy(() -> vault("k2")).hasMessageContaining("{k1=1}");
    assertThatThrownBy(() -> vault()).hasMessageContaining("{k1=1}");
    assertThat(vault("k2", "k1").open("shop", List.of("db"))).containsEntry("db", VALUE);
  }

  @Test
  void withoutSecretsNoKeyIsNeeded() {
    assertThat(vault().canStore()).isFalse();
  }
}
