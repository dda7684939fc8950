package dev.millrace.scheduler;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who may know whom; the picture is docs/architecture.md. */
class LayeringTest {
  private static final String SCHEDULER = "dev.millrace.scheduler";
  private static final String STORE = SCHEDULER + ".store..";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(
              SCHEDULER,
              "dev.millrace.model",
              "dev.millrace.lifecycle",
              "dev.millrace.wire",
              "dev.millrace.amqp",
              "dev.millrace.runtime",
              "dev.millrace.settings",
              "dev.millrace.definition");

  @Test
  void modelAndLifecycleKnowTheJdkOnly() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("dev.millrace.model..", "dev.millrace.lifecycle..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages("java..", "dev.millrace.model..", "dev.millrace.lifecycle.."));
  }

  @Test
  void sharedKnowsNeitherSide() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage(SCHEDULER + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                SCHEDULER + "..", "dev.millrace.worker..", "java.sql..", "org.jdbi.."));
  }

  @Test
  void theSchedulerNeverKnowsTheWorker() {
    check(
        noClasses()
            .that()
            .resideInAPackage(SCHEDULER + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.millrace.worker..", "dev.millrace.embedded..", "dev.millrace.cli.."));
  }

  /** InboxBell listens and notifies, which is no statement about a table. */
  @Test
  void sqlLivesInTheStore() {
    check(
        noClasses()
            .that()
            .resideInAPackage(SCHEDULER + "..")
            .and()
            .resideOutsideOfPackage(STORE)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.jdbi.v3.core.statement.."));
    check(
        noClasses()
            .that()
            .resideInAPackage(SCHEDULER + "..")
            .and()
            .resideOutsideOfPackage(STORE)
            .and()
            .doNotHaveSimpleName("InboxBell")
            .and()
            .doNotHaveSimpleName("Elector") // holds the lease's connection, and passes it on
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.sql.Connection"));
  }

  @Test
  void nothingCallsHttp() {
    check(
        noClasses()
            .that()
            .resideInAPackage(SCHEDULER + "..")
            .and()
            .resideOutsideOfPackage(SCHEDULER + ".http..")
            .and()
            .doNotHaveSimpleName("SchedulerNode") // wires it
            .should()
            .dependOnClassesThat()
            .resideInAPackage(SCHEDULER + ".http.."));
  }

  @Test
  void theEngineIsPure() {
    check(
        noClasses()
            .that()
            .resideInAPackage(SCHEDULER + ".engine..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                "java.lang..",
                "java.util..",
                "java.time..",
                "dev.millrace.model..",
                "dev.millrace.lifecycle..",
                "dev.millrace.wire..",
                "dev.millrace.expression..",
                "dev.millrace.definition..", // how durations are written
                "com.fasterxml.jackson..", // outputs are JSON
                SCHEDULER + ".engine.."));
  }

  @Test
  void timeIsGivenAndNobodySleeps() {
    check(noClasses().should().callMethod(Instant.class, "now"));
    check(noClasses().should().callMethod(System.class, "currentTimeMillis"));
    check(noClasses().should().callMethod(Thread.class, "sleep", long.class));
    check(noClasses().should().callMethod(TimeUnit.class, "sleep", long.class));
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
