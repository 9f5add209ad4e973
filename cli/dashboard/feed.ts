import type { AdminKey } from "../deployment/target/adminKey.js";
import type { Topic, Topics } from "./shapes.js";

/** The latest data of each topic, as JSON without the admin key, and the listeners that hear of changes. */
export class Feed {
  readonly #latest = new Map<Topic, string>();
  readonly #listeners = new Set<(topic: Topic) => void>();
  readonly #adminKey: AdminKey;
  #onWatched: () => void = () => {};

  constructor(adminKey: AdminKey) {
    this.#adminKey = adminKey;
  }

  publish<Name extends Topic>(topic: Name, value: Topics[Name]): void {
    const json = jsonWithout(this.#adminKey, value);
    if (this.#latest.get(topic) === json) return;
    this.#latest.set(topic, json);
    for (const listener of this.#listeners) listener(topic);
  }

  topics(): Topic[] {
    return [...this.#latest.keys()];
  }

  latest(topic: Topic): string | undefined {
    return this.#latest.get(topic);
  }

  /** Calls back with the topic that changed, until the returned function is called. */
  subscribe(listener: (topic: Topic) => void): () => void {
    const isFirst = !this.isWatched;
    this.#listeners.add(listener);
    if (isFirst) this.#onWatched();
    return () => this.#listeners.delete(listener);
  }

  /** Calls back when somebody opens the page while nobody has it open. */
  whenWatched(callback: () => void): void {
    this.#onWatched = callback;
  }

  /** Whether somebody has the page open. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }
}

/** The value as JSON, with the admin key blacked out of all its texts. */
export function jsonWithout(adminKey: AdminKey, value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "string" ? adminKey.redact(part) : part,
  );
}
