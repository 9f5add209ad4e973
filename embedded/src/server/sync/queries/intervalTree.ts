import type { Key } from "../../../storage/store.js";

interface Node<T> {
  readonly lower: Key;
  readonly upper: Key;
  readonly items: Set<T>;
  /** Greatest `upper` of this node and all below. */
  greatestUpper: Key;
  /**
   * Random rank: a parent's is greater than its children's, which most likely keeps the tree
   * balanced.
   */
  readonly priority: number;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/**
 * Items by interval of keys (`lower` inclusive, `upper` exclusive): a treap in the
 * order of the intervals that knows how far each subtree reaches. Adding, removing
 * and finding take logarithmic time, and finding one step more a hit.
 */
export class IntervalTree<T> {
  #root: Node<T> | undefined;

  get isEmpty(): boolean {
    return this.#root === undefined;
  }

  add(lower: Key, upper: Key, item: T): void {
    this.#root = insert(this.#root, lower, upper, item);
  }

  delete(lower: Key, upper: Key, item: T): void {
    this.#root = remove(this.#root, lower, upper, item);
  }

  /** Calls `tell` for every item whose interval has a key in common with the given one. */
  visit(lower: Key, upper: Key, tell: (item: T) => void): void {
    visit(this.#root, lower, upper, tell);
  }
}

function visit<T>(
  node: Node<T> | undefined,
  lower: Key,
  upper: Key,
  tell: (item: T) => void,
): void {
  if (node === undefined || node.greatestUpper <= lower) return;
  visit(node.left, lower, upper, tell);
  // All nodes to the right begin here or later.
  if (node.lower >= upper) return;
  if (node.upper > lower) node.items.forEach(tell);
  visit(node.right, lower, upper, tell);
}

function insert<T>(
  node: Node<T> | undefined,
  lower: Key,
  upper: Key,
  item: T,
): Node<T> {
  if (node === undefined) return leaf(lower, upper, item);
  const order = compare(lower, upper, node);
  if (order === 0) {
    node.items.add(item);
    return node;
  }
  let top = node;
  if (order < 0) {
    const left = insert(node.left, lower, upper, item);
    node.left = left;
    if (left.priority > node.priority) {
      node.left = left.right;
      left.right = node;
      top = left;
    }
  } else {
    const right = insert(node.right, lower, upper, item);
    node.right = right;
    if (right.priority > node.priority) {
      node.right = right.left;
      right.left = node;
      top = right;
    }
  }
  measure(node);
  if (top !== node) measure(top);
  return top;
}

function remove<T>(
  node: Node<T> | undefined,
  lower: Key,
  upper: Key,
  item: T,
): Node<T> | undefined {
  if (node === undefined) return undefined;
  const order = compare(lower, upper, node);
  if (order < 0) node.left = remove(node.left, lower, upper, item);
  else if (order > 0) node.right = remove(node.right, lower, upper, item);
  else {
    node.items.delete(item);
    if (node.items.size === 0) return merge(node.left, node.right);
  }
  measure(node);
  return node;
}

/** Joins two trees; every interval in `left` comes before those in `right`. */
function merge<T>(
  left: Node<T> | undefined,
  right: Node<T> | undefined,
): Node<T> | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    measure(left);
    return left;
  }
  right.left = merge(left, right.left);
  measure(right);
  return right;
}

function leaf<T>(lower: Key, upper: Key, item: T): Node<T> {
  return {
    lower,
    upper,
    items: new Set([item]),
    greatestUpper: upper,
    priority: Math.random(),
    left: undefined,
    right: undefined,
  };
}

function measure<T>(node: Node<T>): void {
  let greatest = node.upper;
  if (node.left !== undefined && node.left.greatestUpper > greatest) {
    greatest = node.left.greatestUpper;
  }
  if (node.right !== undefined && node.right.greatestUpper > greatest) {
    greatest = node.right.greatestUpper;
  }
  node.greatestUpper = greatest;
}

function compare<T>(lower: Key, upper: Key, node: Node<T>): number {
  if (lower !== node.lower) return lower < node.lower ? -1 : 1;
  if (upper !== node.upper) return upper < node.upper ? -1 : 1;
  return 0;
}
