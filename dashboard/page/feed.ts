import type { Topic, Topics } from "../../cli/dashboard/shapes.js";

/** The topics that have arrived so far. */
export interface View extends Partial<Topics> {
  /** `lost`: the command that serves the page has ended, or does not answer. */
  command: "connecting" | "answering" | "lost";
}

export interface Feed {
  view: () => View;
  subscribe: (listener: () => void) => () => void;
}

const TOPICS: Record<Topic, true> = {
  status: true,
  runs: true,
  log: true,
  activity: true,
  created: true,
  purged: true,
  ages: true,
  connection: true,
  fires: true,
  webhooks: true,
  deliveries: true,
  bounds: true,
  days: true,
  sources: true,
};

/** Listens to the command's events, for as long as the page is there. */
export function openFeed(url: string): Feed {
  const listeners = new Set<() => void>();
  let view: View = { command: "connecting" };
  const change = (part: Partial<View>): void => {
    view = { ...view, ...part };
    for (const listener of listeners) listener();
  };
  const source = new EventSource(url);
  source.onopen = () => change({ command: "answering" });
  // The source tries again by itself, unless it was turned away.
  source.onerror = () => change({ command: "lost" });
  for (const topic of Object.keys(TOPICS)) {
    source.addEventListener(topic, ({ data }: MessageEvent<string>) =>
      change({ [topic]: JSON.parse(data) as unknown }),
    );
  }
  return {
    view: () => view,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
