/** The changes that `ctx.db.patch` takes of a row: an optional field given as `undefined` is removed. */
export type Patch<Row> = {
  [Field in keyof Row]?: undefined extends Row[Field]
    ? Row[Field] | undefined
    : Row[Field];
};
