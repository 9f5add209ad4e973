import { preloadQuery } from "convex/nextjs";
import { api } from "../convex/_generated/api";
import { ProductList } from "./ProductList";

export default async function Shop() {
  return <ProductList preloaded={await preloadQuery(api.products.list)} />;
}
