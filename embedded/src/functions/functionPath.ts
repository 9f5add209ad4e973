import { FunctionFailure } from "./failure.js";

/** A function as a syscall names it, by exactly one of the three. */
export interface FunctionAddress {
  readonly name?: string;
  readonly reference?: string;
  readonly functionHandle?: string;
}

const HANDLE_PREFIX = "function://";
const CHILD_PREFIX = "_reference/childComponent/";

/** `mod/path`, `mod/path:fn` or `mod/path.js:fn` as `mod/path.js:fn`. */
export function canonicalPath(path: string): string {
  const colon = path.lastIndexOf(":");
  const module = colon === -1 ? path : path.slice(0, colon);
  const name = colon === -1 ? "default" : path.slice(colon + 1);
  return `${module.endsWith(".js") ? module : `${module}.js`}:${name}`;
}

/** A canonical path as people write it: `mod/path:fn`. */
export function displayPath(canonical: string): string {
  return canonical.replace(/\.js:/, ":");
}

/** The handle of a function, which stays the same across pushes. */
export function functionHandle(
  componentPath: string,
  canonical: string,
): string {
  return `${HANDLE_PREFIX}${componentPath};${displayPath(canonical)}`;
}

/** A function's name among those of all components, as Convex shows who wrote something. */
export function displayName({
  componentPath,
  path,
}: {
  readonly componentPath: string;
  readonly path: string;
}): string {
  const shown = displayPath(path);
  return componentPath === "" ? shown : `${componentPath}/${shown}`;
}

/** The function that a handle names. */
export function parseFunctionHandle(handle: string): {
  componentPath: string;
  path: string;
} {
  const separator = handle.indexOf(";");
  if (!handle.startsWith(HANDLE_PREFIX) || separator === -1) {
    throw new FunctionFailure(
      `Invalid function handle: ${JSON.stringify(handle)}`,
    );
  }
  return {
    componentPath: handle.slice(HANDLE_PREFIX.length, separator),
    path: canonicalPath(handle.slice(separator + 1)),
  };
}

/**
 * The child's name in `_reference/childComponent/<child>/<mod>/…/<fn>`, and the path within the
 * child.
 */
export function parseReference(reference: string): {
  child: string;
  path: string;
} {
  const [child = "", ...rest] = reference.startsWith(CHILD_PREFIX)
    ? reference.slice(CHILD_PREFIX.length).split("/")
    : [];
  const name = rest.pop();
  if (name === undefined || rest.length === 0) {
    throw new FunctionFailure(
      `Couldn't resolve the function reference ${JSON.stringify(reference)}`,
    );
  }
  return { child, path: canonicalPath(`${rest.join("/")}:${name}`) };
}
