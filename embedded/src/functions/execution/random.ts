import { randomBytes } from "node:crypto";

/** A seeded generator (sfc32): queries and mutations must not reach the machine's entropy. */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: Buffer = randomBytes(12)) {
    this.#a = seed.readInt32LE(0);
    this.#b = seed.readInt32LE(4);
    this.#c = seed.readInt32LE(8);
    for (let round = 0; round < 12; round++) {
      this.nextUint32();
    }
  }

  nextUint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number in [0, 1), with the 53 bits that `Math.random` promises. */
  nextDouble(): number {
    return (
      ((this.nextUint32() >>> 5) * 67_108_864 + (this.nextUint32() >>> 6)) /
      9_007_199_254_740_992
    );
  }

  fill(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) {
      bytes[index] = this.nextUint32() & 0xff;
    }
  }

  uuid(): string {
    const bytes = Buffer.alloc(16);
    this.fill(bytes);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
