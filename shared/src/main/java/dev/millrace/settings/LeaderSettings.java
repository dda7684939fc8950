package dev.millrace.settings;

import java.time.Duration;

/** How long a term lasts unrenewed and how often who looks. Immutable. */
public record LeaderSettings(Duration leaseTtl, Duration renewEvery, Duration followerPoll) {
  private static final Duration MIN = Duration.ofMillis(50);
  private static final Duration MAX = Duration.ofMinutes(5);
  private static final int RENEWALS_PER_LEASE_MIN = 3;

  static LeaderSettings read(Values values) {
    LeaderSettings settings =
        new LeaderSettings(
            values.duration("leader.lease-ttl", MIN, MAX),
            values.duration("leader.renew-every", MIN, MAX),
            values.duration("leader.follower-poll", MIN, MAX));
    values.require(
        settings.leaseTtl.compareTo(settings.renewEvery.multipliedBy(RENEWALS_PER_LEASE_MIN)) >= 0,
        "leader.lease-ttl must be at least 3 times leader.renew-every, so that one lost renewal"
            + " does not end a term",
        "leader.lease-ttl",
        "leader.renew-every");
    return settings;
  }
}
