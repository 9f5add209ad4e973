/** Whether a path may name a module: only Convex's characters, and no way upwards. */
export function isModulePath(path: string): boolean {
  return path
    .split("/")
    .every((part) => /^[A-Za-z0-9_.]+$/.test(part) && !/^\.+$/.test(part));
}
