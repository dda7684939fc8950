package dev.millrace.scheduler.store;

import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.Batch.Kind;

/**
 * The columns of a run that belongs to a stage of another; null in others. One batch, one thread.
 */
final class ParentColumns {
  private static final int NO_ITEM = -1;

  private final Batch.Numbers parent;
  private final Batch.Numbers stage;
  private final Batch.Numbers attempt;
  private final Batch.Numbers item;
  private final Batch.Texts itemJson;
  private final Batch.Numbers depth;
  private final Batch.Numbers part;

  ParentColumns(Batch rows) {
    parent = rows.numbers("parent", Kind.LONG_OR_NULL);
    stage = rows.numbers("parent_idx", Kind.INT_OR_NULL);
    attempt = rows.numbers("parent_attempt", Kind.INT_UNLESS_ZERO);
    item = rows.numbers("item", Kind.INT_OR_NULL);
    itemJson = rows.texts("item_json");
    depth = rows.numbers("depth", Kind.INT_UNLESS_ZERO);
    part = rows.numbers("part", Kind.INT_OR_NULL);
  }

  void add(Run run) {
    Run.Parent of = run.parent();
    parent.add(of == null ? 0 : of.run());
    stage.add(of == null ? Batch.NO_INT : of.stage());
    attempt.add(of == null ? 0 : of.attempt());
    item.add(of == null || of.item() == NO_ITEM ? Batch.NO_INT : of.item());
    itemJson.add(of == null ? null : of.itemJson());
    depth.add(of == null ? 0 : of.depth());
    part.add(run.plan().part() == Plan.WHOLE ? Batch.NO_INT : run.plan().part());
  }
}
