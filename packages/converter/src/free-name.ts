/** A name that is not taken yet, as wanted or with a number; from now on it is. */
export function freeName(taken: Set<string>, wanted: string): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}#${n}`;
  taken.add(name);
  return name;
}
