package dev.millrace.worker;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What a worker may know. That it sees no database is how it scales and what keeps it safe. */
class LayeringTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.worker");

  private static final Pattern DEPENDENCY =
      Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL);

  @Test
  void thereIsSomethingToJudge() {
    assertThat(CLASSES.contain(WorkerNode.class)).isTrue();
    assertThat(CLASSES.contain(WorkerNodeTest.class)).isFalse();
  }

  @Test
  void aWorkerNeverSeesADatabase() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "java.sql..", "javax.sql..", "org.jdbi..", "org.postgresql..", "com.zaxxer.."));
  }

  /** A driver that no class names would still be there to be found. */
  @Test
  void noDriverIsShippedWithIt() throws IOException {
    for (String module : List.of("worker-node", "shared")) {
      String pom = Files.readString(Path.of("..", module, "pom.xml"));
      List<String> shipped =
          DEPENDENCY
              .matcher(pom)
              .results()
              .map(found -> found.group(1))
              .filter(dependency -> !dependency.contains("<scope>test</scope>"))
              .toList();
      assertThat(shipped).as(module).isNotEmpty();
      assertThat(shipped)
          .as(module)
          .noneMatch(
              dependency ->
                  dependency.matches(
                      "(?s).*(postgresql|jdbi|HikariCP|jdbc|flyway|scheduler-node|embedded).*"));
    }
  }

  @Test
  void itKnowsNoneOfTheOthers() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.millrace.scheduler..", "dev.millrace.embedded..", "dev.millrace.cli.."));
  }

  /** They are written as anybody else would write a handler. */
  @Test
  void handlersUseWhatEveryHandlerMayUse() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.millrace.worker.command..",
                "dev.millrace.worker.http..",
                "dev.millrace.worker.file..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.millrace.amqp..",
                "dev.millrace.runtime..",
                "dev.millrace.settings..",
                "dev.millrace.definition..",
                "com.rabbitmq.."));
  }

  @Test
  void timeIsGivenAndNobodySleeps() {
    check(noClasses().should().callMethod(Instant.class, "now"));
    check(noClasses().should().callMethod(System.class, "currentTimeMillis"));
    check(
        noClasses()
            .should()
            .callMethodWhere(
                target(owner(JavaClass.Predicates.equivalentTo(Clock.class)))
                    .and(target(name("systemUTC")))));
    for (Class<?> sleeper : List.of(Thread.class, TimeUnit.class)) {
      check(
          noClasses()
              .that()
              .doNotHaveSimpleName("ProcessTree") // nobody tells when foreign processes have ended
              .should()
              .callMethodWhere(
                  target(owner(JavaClass.Predicates.equivalentTo(sleeper)))
                      .and(target(name("sleep")))));
    }
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
