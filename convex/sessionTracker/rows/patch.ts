/** The argument of `ctx.db.patch`: an optional field given as `undefined` is removed. */
export type Patch<Row> = {
  [Field in keyof Row]?: undefined extends Row[Field]
    ? Row[Field] | undefined
    : Row[Field];
};
