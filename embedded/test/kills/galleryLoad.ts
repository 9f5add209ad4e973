import { DIMENSIONS } from "../apps/everything/convex/schema.js";
import type { KillableDeployment } from "../support/process/killable.js";
import { pushBodyBy, type Answer } from "../support/deployment.js";
import type { Random } from "../support/random.js";
import { isCutOff, sha256, slowly } from "./files.js";

/** A picture that was asked for. */
export interface Picture {
  readonly sha256: string;
  readonly embedding: readonly number[];
  /** Known once it was acknowledged, or seen. */
  id?: string;
  fate: "maybeAdded" | "added" | "maybeRemoved" | "removed";
}

/** Bodies of pushes of the app. */
export interface Pushes {
  readonly plain: Record<string, unknown>;
  /** With the indexes of pictures that a push has to fill. */
  readonly indexed: Record<string, unknown>;
}

/** Largest file; uploads of it are often cut off. */
const MAX_BYTES = 2 * 1024 * 1024;
const OWNERS = ["ann", "bob", "eve"];

/** Adds and removes pictures while the app is pushed with and without their indexes, until its deployment is killed. */
export class GalleryLoad {
  /** By their names, which say no other's beginning. */
  readonly pictures = new Map<string, Picture>();
  /** Whether the app had its indexes when a push was last done, and if another was begun since, what it was to have. */
  readonly versions = { done: false, asked: false };
  pushesDone = 0;
  /** Pushes that a kill cut off while they filled or dropped indexes. */
  fillsCutOff = 0;
  callsCutOff = 0;
  #isFilling = false;
  #onFilling = () => {};
  readonly #random: Random;
  readonly #pushes: Pushes;

  constructor(random: Random, pushes: Pushes) {
    this.#random = random;
    this.#pushes = pushes;
  }

  /** Runs until the deployment is killed. */
  async run(deployment: KillableDeployment): Promise<void> {
    const workers = [
      this.#upload(deployment),
      this.#upload(deployment),
      this.#write(deployment),
      this.#remove(deployment),
      this.#pushOn(deployment),
    ];
    for (const end of await Promise.allSettled(workers)) {
      if (end.status === "fulfilled")
        throw new Error("A worker came to an end.");
      if (!isCutOff(end.reason)) throw end.reason;
      this.callsCutOff += 1;
    }
  }

  /** Many pictures of one file, so that filling an index takes a while. */
  async addMany(deployment: KillableDeployment, count: number): Promise<void> {
    const bytes = Buffer.from("of many");
    const storageId = await this.#store(deployment, bytes);
    for (let from = 0; from < count; from += 500) {
      const pictures = Array.from({ length: 500 }, () => {
        const { described, picture } = this.#newPicture(bytes);
        picture.fate = "added";
        return { ...described, storageId };
      });
      await this.#call(deployment, "mutation", "pictures:addMany", {
        pictures,
      });
    }
  }

  async #upload(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const bytes = this.#bytes(MAX_BYTES);
      const storageId = await this.#store(deployment, bytes);
      const { described, picture } = this.#newPicture(bytes);
      const added = { ...described, storageId };
      await this.#add(deployment, "mutation", "pictures:add", picture, added);
    }
  }

  async #write(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const text = this.#bytes(10_000).toString("base64");
      const { described, picture } = this.#newPicture(Buffer.from(text));
      const added = { ...described, text };
      await this.#add(deployment, "action", "pictures:write", picture, added);
    }
  }

  async #remove(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const picture = [...this.pictures.values()].find(
        ({ id, fate }) => fate === "added" && id !== undefined,
      );
      if (picture === undefined || this.#random.chance(0.5)) {
        await this.#call(deployment, "query", "pictures:ofOwner", {
          owner: "nobody",
        });
        continue;
      }
      picture.fate = "maybeRemoved";
      const { id } = picture;
      await this.#call(deployment, "mutation", "pictures:remove", { id });
      picture.fate = "removed";
    }
  }

  async #pushOn(deployment: KillableDeployment): Promise<never> {
    try {
      for (;;) await this.push(deployment, !this.versions.done);
    } finally {
      if (this.#isFilling) this.fillsCutOff += 1;
      this.#isFilling = false;
    }
  }

  /** Resolves when a push has evaluated the code, and begins to fill indexes. */
  filling(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFilling = resolve;
    });
  }

  async push(
    deployment: KillableDeployment,
    isIndexed: boolean,
  ): Promise<void> {
    const step = (name: string, body: Record<string, unknown>) => {
      this.#isFilling = name !== "deploy2/start_push";
      if (this.#isFilling && isIndexed) this.#onFilling();
      return deployment.step(name, body);
    };
    const { plain, indexed } = this.#pushes;
    this.versions.asked = isIndexed;
    let answer: Answer;
    do {
      answer = await pushBodyBy(step, isIndexed ? indexed : plain);
    } while (isStillFilling(answer));
    this.#isFilling = false;
    if (answer.status !== 200)
      throw new Error(JSON.stringify(answer).slice(0, 2_000));
    this.versions.done = isIndexed;
    this.pushesDone += 1;
  }

  async #store(
    deployment: KillableDeployment,
    bytes: Uint8Array,
  ): Promise<string> {
    const url = await this.#call(deployment, "mutation", "pictures:uploadUrl");
    const init = { method: "POST", body: slowly(bytes), duplex: "half" };
    const response = await fetch(url as string, init);
    return ((await response.json()) as { storageId: string }).storageId;
  }

  #newPicture(bytes: Uint8Array) {
    // Of letters only behind the number, so that none is the beginning of another.
    const name = `n${this.pictures.size}z`;
    const embedding = Array.from(
      { length: DIMENSIONS },
      () => this.#random.next() * 2 - 1,
    );
    const picture: Picture = {
      sha256: sha256(bytes),
      embedding,
      fate: "maybeAdded",
    };
    this.pictures.set(name, picture);
    const owner = this.#random.pick(OWNERS);
    const caption = `Picture ${name} of ${owner}`;
    return { picture, described: { name, owner, caption, embedding } };
  }

  async #add(
    deployment: KillableDeployment,
    kind: "mutation" | "action",
    path: string,
    picture: Picture,
    args: object,
  ): Promise<void> {
    picture.id = (await this.#call(deployment, kind, path, args)) as string;
    picture.fate = "added";
  }

  async #call(
    deployment: KillableDeployment,
    kind: "query" | "mutation" | "action",
    path: string,
    args: object = {},
  ): Promise<unknown> {
    const { body } = await deployment.post(`/api/${kind}`, { path, args });
    const answer = body as { status: string; value?: unknown };
    if (answer.status !== "success") throw new Error(JSON.stringify(answer));
    return answer.value;
  }

  #bytes(limit: number): Buffer {
    const bytes = Buffer.alloc(
      this.#random.below(limit),
      this.#random.below(256),
    );
    // So that no two are the same.
    const first = Buffer.from(String(this.#random.below(2 ** 31)));
    return Buffer.concat([first, bytes]);
  }
}

/** Whether a push gave up waiting for its indexes. */
function isStillFilling({ body }: Answer): boolean {
  return (body as { type?: string }).type === "inProgress";
}
