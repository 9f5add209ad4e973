import type { ReactNode } from "react";
import { Card, Table, type TableProps } from "../../ui/index.js";

/** A card with a table of the same name, whose rows beyond the newest few come by a button. */
export function TableCard<Row>({
  title,
  note,
  ...table
}: Omit<TableProps<Row>, "label"> & { title: string; note?: ReactNode }) {
  return (
    <Card title={title} note={note}>
      <Table label={title} newest={NEWEST} {...table} />
    </Card>
  );
}

const NEWEST = 8;
