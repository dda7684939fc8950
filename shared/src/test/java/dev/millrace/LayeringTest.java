package dev.millrace;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who may know whom among the words that both sides speak. */
class LayeringTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace");

  @Test
  void thereIsSomethingToJudge() {
    assertThat(CLASSES.stream().map(JavaClass::getPackageName).distinct())
        .contains(
            "dev.millrace.model",
            "dev.millrace.lifecycle",
            "dev.millrace.wire",
            "dev.millrace.amqp",
            "dev.millrace.runtime",
            "dev.millrace.settings",
            "dev.millrace.definition",
            "dev.millrace.expression");
  }

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
  void sharedKnowsNeitherSideAndNoDatabase() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "dev.millrace.scheduler..",
                "dev.millrace.worker..",
                "dev.millrace.embedded..",
                "dev.millrace.cli..",
                "java.sql..",
                "javax.sql..",
                "org.jdbi..",
                "org.postgresql..",
                "com.zaxxer.."));
  }

  @Test
  void onlyAmqpKnowsTheBroker() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.millrace.amqp..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.rabbitmq.."));
  }

  @Test
  void onlyExpressionKnowsCel() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.millrace.expression..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.cel..", "com.google.."));
  }

  @Test
  void expressionsAreAPureLanguage() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.millrace.expression..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                "java.lang..",
                "java.io",
                "java.math",
                "java.time..",
                "java.util..",
                "com.fasterxml.jackson..",
                "com.google..",
                "dev.cel..",
                "dev.millrace.expression.."));
  }

  @Test
  void packagesDependOneWay() {
    check(slices().matching("dev.millrace.(*)..").should().beFreeOfCycles());
  }

  @Test
  void timeIsGivenAndNobodySleeps() {
    check(noClasses().should().callMethod(Instant.class, "now"));
    check(noClasses().should().callMethod(System.class, "currentTimeMillis"));
    refuse(Thread.class, "sleep");
    refuse(TimeUnit.class, "sleep");
    refuse(Clock.class, "systemUTC");
  }

  private static void refuse(Class<?> type, String method) {
    check(
        noClasses()
            .should()
            .callMethodWhere(
                target(owner(JavaClass.Predicates.equivalentTo(type))).and(target(name(method)))));
  }

  private static void check(ArchRule rule) {
    rule.check(CLASSES);
  }
}
