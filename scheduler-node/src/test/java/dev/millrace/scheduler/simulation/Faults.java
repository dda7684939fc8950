package dev.millrace.scheduler.simulation;

import java.util.List;

/** What goes wrong at moments of its own, beside the mishaps of single steps. One thread. */
final class Faults {
  private final World world;

  Faults(World world) {
    this.world = world;
  }

  void begin() {
    for (int i = world.random.nextInt(14); i > 0; i--) {
      int kind = world.random.nextInt(8);
      world.in(world.upTo(World.LOAD), () -> strike(kind));
    }
  }

  private void strike(int kind) {
    if (world.healed) {
      return;
    }
    world.say("fault", null, kind, 0, 0);
    switch (kind) {
      case 0 -> any(leaders()).crash();
      case 1 -> any(leaders()).suspend(world.upTo(World.seconds(35)));
      case 2 -> any(world.workers).crash();
      case 3 -> any(world.workers).suspend(world.upTo(World.seconds(40)));
      case 4 -> any(world.workers).drain();
      case 5 -> world.broker.wipe();
      case 6 -> world.brokerDownUntil = world.now + world.upTo(World.seconds(15));
      default -> world.storeDownUntil = world.now + world.upTo(World.seconds(12));
    }
  }

  /** Who leads, or all nodes. */
  private List<Node> leaders() {
    List<Node> leading = world.nodes.stream().filter(Node::leads).toList();
    return leading.isEmpty() ? world.nodes : leading;
  }

  private <T> T any(List<T> of) {
    return of.get(world.random.nextInt(of.size()));
  }
}
