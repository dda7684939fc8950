package dev.millrace.scheduler.event;

import dev.millrace.scheduler.store.ReadsEvents;
import java.util.ArrayList;
import java.util.List;

/** One batch of the log with its names. Its stories are read once, its rows made when wanted. */
public final class EventBatch {
  private final ReadsEvents.LogBatch batch;
  private final List<Story> stories;

  private EventBatch(ReadsEvents.LogBatch batch, List<Story> stories) {
    this.batch = batch;
    this.stories = stories;
  }

  /** May ask the database for names. */
  public static EventBatch of(ReadsEvents.LogBatch batch, EventNames names) {
    names.learn(batch.jobs());
    List<Story> stories = new ArrayList<>(batch.jobs().length);
    for (int i = 0; i < batch.jobs().length; i++) {
      long job = batch.jobs()[i];
      stories.add(new Story(job, names.of(job), batch.moves()[i]));
    }
    return new EventBatch(batch, List.copyOf(stories));
  }

  public long number() {
    return batch.number();
  }

  List<Story> stories() {
    return stories;
  }

  public List<EventRow> rows() {
    List<EventRow> rows = new ArrayList<>(batch.runs().length);
    for (int i = 0; i < batch.runs().length; i++) {
      rows.add(row(i));
    }
    return rows;
  }

  int size() {
    return batch.runs().length;
  }

  /** Which of the stories the run at this place took. */
  int storyOf(int place) {
    return batch.which()[place] - 1;
  }

  /** Of each story, the place of the last run that took it. */
  int[] lastOfStories() {
    int[] last = new int[stories.size()];
    for (int place = 0; place < size(); place++) {
      last[storyOf(place)] = place;
    }
    return last;
  }

  EventRow row(int place) {
    return new EventRow(
        batch.seq(place), batch.runs()[place], batch.at(), stories.get(storyOf(place)));
  }
}
