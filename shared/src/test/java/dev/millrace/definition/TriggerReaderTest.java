package dev.millrace.definition;

import static dev.millrace.definition.Texts.bad;
import static dev.millrace.definition.Texts.job;
import static dev.millrace.definition.Texts.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerDefinition.Past;
import dev.millrace.model.TriggerRules;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What may be written of time triggers. */
class TriggerReaderTest {
  private static TriggerDefinition trigger(String flow) {
    return ok(job("triggers: [" + flow + "]")).triggers().get(0);
  }

  private static TriggerRules rules(String more) {
    return trigger("{cron: '@daily', timezone: Europe/London, " + more + "}").rules();
  }

  private static Misfire misfire(String written) {
    return rules("misfire: " + written).misfire();
  }

  @Test
  void everythingOfACronTrigger() {
    assertThat(
            ok(job(
                    """
                    triggers:
                      - cron: H 3 * * *
                        timezone: America/New_York
                        dst: {gap: skip, overlap: both}
                        misfire: {within: 2h, at-most: 10, rate: 30/m}
                        from: 2027-01-01
                        until: 2027-12-31
                        except:
                          - 2027-04-02
                          - 12-25
                          - {from: 2027-07-01, until: 2027-07-31}
                          - {from: 2027-08-01T00:00:00Z, until: 2027-08-01T12:00:00+02:00}
                          - {weekdays: [SAT, sunday]}
                          - {cron: "* 12 * * *"}
                          - {holidays: us-ny}
                        jitter: 30s
                    """))
                .triggers())
        .containsExactly(
            new TriggerDefinition.Cron(
                "H 3 * * *",
                ZoneId.of("America/New_York"),
                new Dst(Dst.Gap.SKIP, Dst.Overlap.BOTH),
                new TriggerRules(
                    new Misfire(
                        Duration.ofHours(2), 10, new Misfire.Pace(30, Duration.ofMinutes(1))),
                    Instant.parse("2027-01-01T05:00:00Z"),
                    Instant.parse("2028-01-01T05:00:00Z"),
                    List.of(
                        new Exclusion.Days(
                            LocalDate.parse("2027-04-02"), LocalDate.parse("2027-04-02")),
                        new Exclusion.Yearly(MonthDay.of(12, 25)),
                        new Exclusion.Days(
                            LocalDate.parse("2027-07-01"), LocalDate.parse("2027-07-31")),
                        new Exclusion.Period(
                            Instant.parse("2027-08-01T00:00:00Z"),
                            Instant.parse("2027-08-01T10:00:00Z")),
                        new Exclusion.Weekdays(Set.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY)),
                        new Exclusion.Cron("* 12 * * *"),
                        new Exclusion.Holidays("US-NY")),
                    Duration.ofSeconds(30))));
  }

  @Test
  void everythingOfAnInterval() {
    assertThat(
            trigger(
                "{every: 1h, anchor: 2026-01-01T00:00:00Z, phase: 10m, timezone: Europe/London,"
                    + " from: 2026-06-01, misfire: all}"))
        .isEqualTo(
            new TriggerDefinition.Every(
                Duration.ofHours(1),
                Instant.parse("2026-01-01T00:00:00Z"),
                Duration.ofMinutes(10),
                Mode.FIXED_RATE,
                ZoneId.of("Europe/London"),
                TriggerRules.DEFAULT
                    .withMisfire(Misfire.ALL)
                    .withBounds(Instant.parse("2026-05-31T23:00:00Z"), null)));
    assertThat(trigger("{every: 1h, mode: fixed-delay}"))
        .isEqualTo(
            new TriggerDefinition.Every(
                Duration.ofHours(1),
                null,
                Duration.ZERO,
                Mode.FIXED_DELAY,
                Schedule.UTC,
                TriggerRules.DEFAULT));
  }

  @ParameterizedTest
  @CsvSource({"refuse, REFUSE", "run, RUN", "misfire, MISFIRE"})
  void whatIsPastIsSaid(String written, Past past) {
    assertThat(trigger("{at: 2027-01-01T00:00:00Z, past: " + written + "}"))
        .isEqualTo(
            new TriggerDefinition.At(
                Instant.parse("2027-01-01T00:00:00Z"), past, TriggerRules.DEFAULT));
  }

  @Test
  void misfiresAreWordsOrLimits() {
    assertThat(misfire("none")).isEqualTo(Misfire.NONE);
    assertThat(misfire("latest")).isEqualTo(Misfire.LATEST);
    assertThat(misfire("all")).isEqualTo(Misfire.ALL);
    assertThat(misfire("{at-most: 1}")).isEqualTo(Misfire.LATEST);
    assertThat(misfire("{within: 90m}"))
        .isEqualTo(new Misfire(Duration.ofMinutes(90), Misfire.UNLIMITED, null));
    assertThat(misfire("{rate: 10/s}"))
        .isEqualTo(
            new Misfire(null, Misfire.UNLIMITED, new Misfire.Pace(10, Duration.ofSeconds(1))));
    assertThat(misfire("{at-most: 24, rate: 100 / h}"))
        .isEqualTo(new Misfire(null, 24, new Misfire.Pace(100, Duration.ofHours(1))));
  }

  @Test
  void aDstPolicyMayNameOneOfBoth() {
    assertThat(((TriggerDefinition.Cron) trigger("{cron: '@daily', dst: {gap: before}}")).dst())
        .isEqualTo(new Dst(Dst.Gap.BEFORE, Dst.Overlap.FIRST));
    assertThat(((TriggerDefinition.Cron) trigger("{cron: '@daily', dst: {overlap: second}}")).dst())
        .isEqualTo(new Dst(Dst.Gap.SHIFT, Dst.Overlap.SECOND));
    assertThat(
            ok(job("window: {start: '@daily', length: 1h, dst: {gap: skip}}"))
                .rules()
                .window()
                .dst())
        .isEqualTo(new Dst(Dst.Gap.SKIP, Dst.Overlap.FIRST));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{cron: '@daily', dst: skip}             | must be a map",
        "{cron: '@daily', dst: {}}               | is empty; write {gap, overlap}",
        "{cron: '@daily', dst: {gap: forward}}   | 'forward' is not one of skip, shift, before",
        "{cron: '@daily', dst: {overlap: twice}} | 'twice' is not one of first, second, both",
        "{every: 1h, dst: {gap: skip}}           | means nothing beside `every`; it is for `cron`",
        "{cron: '@daily', anchor: 2026-01-01T00:00:00Z} | beside `cron`; it is for `every`",
        "{cron: '@daily', past: run}             | beside `cron`; it is for `at`",
        "{at: 2027-01-01T00:00:00Z, jitter: 1s}  | beside `at`; it is for `cron`",
        "{at: 2027-01-01T00:00:00Z, phase: 1s}   | beside `at`; it is for `every`",
        "{at: 2027-01-01T00:00:00Z, past: ignore} | 'ignore' is not one of refuse, run, misfire",
        "{at: 2027-01-01T00:00:00Z, past: run, misfire: none} | means nothing beside `past: run`",
        "{every: 1h, phase: 1h}                  | is not shorter than the interval",
        "{every: 1h, mode: fixed}                | 'fixed' is not one of fixed-rate, fixed-delay",
        "{every: 1h, mode: fixed-delay, phase: 1m} | means nothing beside `mode: fixed-delay`",
        "{every: 1h, mode: fixed-delay, misfire: all} | means nothing beside `mode: fixed-delay`",
        "{cron: '@daily', misfire: {}}           | is empty; write {within, at-most, rate}",
        "{cron: '@daily', misfire: within}       | `within` needs a limit; write {within: 2h}",
        "{cron: '@daily', misfire: at-most}      | `at-most` needs a limit; write {at-most: 10}",
        "{cron: '@daily', misfire: 'within: 2h'} | write {within: 2h}, with braces",
        "{cron: '@daily', misfire: lastest}      | did you mean 'latest'?",
        "{cron: '@daily', misfire: {at-most: 0}} | 0 is not in 1..10000",
        "{cron: '@daily', misfire: {within: 0s}} | must be at least 1000 ms",
        "{cron: '@daily', misfire: {rate: 10}}   | is not a rate; write for example 10/s",
        "{cron: '@daily', misfire: {rate: 0/s}}  | is not a rate",
        "{cron: '@daily', misfire: {rate: 5/d}}  | is not a rate",
        "{cron: '@daily', from: tomorrow}        | is neither a day such as 2027-01-01 nor",
        "{cron: '@daily', from: 2027-02-29}      | there is no day '2027-02-29'",
        "{cron: '@daily', from: 2027-01-02, until: 2027-01-01} | until: is not after `from`",
        "{cron: '@daily', jitter: 25h}           | is more than a day",
        "{cron: '@daily', jitter: 0s}            | must be at least 1 ms",
        "{cron: '@daily', except: 2027-01-01}    | must be a list",
        "{cron: '@daily', except: [christmas]}   | 'christmas' is not a day; write 2027-01-01",
        "{cron: '@daily', except: [13-01]}       | there is no day '13-01'",
        "{cron: '@daily', except: [{}]}          | needs one of {from, until}, {weekdays}",
        "{cron: '@daily', except: [{from: 2027-01-01}]} | needs `from` and `until`",
        "{cron: '@daily', except: [{until: 2027-01-01}]} | needs `from` and `until`",
        "{cron: '@daily', except: [{from: 2027-01-02, until: 2027-01-01}]} | is before `from`",
        "{cron: '@daily', except: [{from: 2027-01-02, until: 2027-01-03T00:00:00Z}]} | two days or two instants",
        "{cron: '@daily', except: [{weekdays: [SAN]}]} | 'SAN' is not a weekday",
        "{cron: '@daily', except: [{weekdays: []}]} | is empty",
        "{cron: '@daily', except: [{weekdays: [SAT], cron: '* * * * *'}]} | needs one of",
        "{cron: '@daily', except: [{weekdays: [MON, TUE, WED]}, {weekdays: [THU, FRI, SAT, SUN]}]} | it never fires",
        "{cron: '@daily', except: [{cron: '61 * * * *'}]} | except[0].cron: field minute",
        "{cron: '@daily', except: [{cron: 'H * * * *'}]} | has an H",
        "{cron: '@daily', except: [{holidays: UK}]} | 'UK' has no holiday calendar",
        "{cron: '@daily', except: [{calendar: closed}]} | `calendar` is not supported by this version",
        "{cron: 'H(0-99) * * * *'}               | its values are 0..59",
      })
  void whatIsWrongIsNamed(String trigger, String expected) {
    assertThat(bad(job("triggers: [" + trigger + "]")))
        .anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @Test
  void oneProblemIsSaidOnce() {
    assertThat(bad(job("triggers: [{at: 2027-01-01T00:00:00Z, timezone: Nowhere}]")))
        .singleElement()
        .asString()
        .contains("timezone: means nothing beside `at`");
  }

  /** The text decides whether the trigger is still the same one in the next version. */
  @Test
  void whatIsNotUsedIsNotInTheText() {
    assertThat(DefinitionJson.toJson(trigger("{cron: '@daily'}")))
        .isEqualTo("{\"cron\":\"@daily\",\"timezone\":\"UTC\",\"misfire\":\"latest\"}");
    assertThat(DefinitionJson.toJson(trigger("{every: 1h, misfire: none}")))
        .isEqualTo("{\"every\":\"PT1H\",\"misfire\":\"none\"}");
    assertThat(DefinitionJson.toJson(trigger("{at: 2027-01-01T00:00:00Z}")))
        .isEqualTo("{\"at\":\"2027-01-01T00:00:00Z\",\"misfire\":\"latest\"}");
  }
}
