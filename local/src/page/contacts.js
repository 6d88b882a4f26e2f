// Reads contacts as people have them: lines, CSV and vCard (RFC 6350, and 2.1 and 3.0 as phones export them).

/** Returns the contacts of a text: `[{ name, phone }]`. */
export function contactsOf(text) {
  return /^BEGIN:VCARD/im.test(text) ? ofCards(text) : text.split(/\r?\n/).map(ofLine).filter(Boolean);
}

function ofCards(text) {
  const unfolded = text.replace(/=\r?\n(?==)/g, '').replace(/\r?\n[ \t]/g, '');
  return unfolded.split(/^BEGIN:VCARD/im).flatMap((card) => {
    const fields = [...card.matchAll(/^(?:[\w-]+\.)?(FN|N|TEL)((?:;[^:\n]*)?):(.*)$/gim)].map(([, name, parameters, value]) => ({
      name: name.toUpperCase(),
      value: plain(value.trim(), parameters),
    }));
    const first = (wanted) => fields.find(({ name, value }) => name === wanted && value)?.value;
    const name = first('FN') ?? first('N')?.split(';').filter(Boolean).reverse().join(' ') ?? '';
    return fields.filter((field) => field.name === 'TEL').map(({ value }) => ({ name, phone: value.replace(/^tel:/i, '') }));
  });
}

/** Returns a vCard's value without its escapes. */
function plain(value, parameters) {
  if (!/QUOTED-PRINTABLE/i.test(parameters)) return value.replace(/\\n/gi, '\n').replace(/\\([,;\\])/g, '$1');
  const bytes = value.replace(/%/g, '%25').replace(/=([0-9A-F]{2})/gi, '%$1');
  try {
    return decodeURIComponent(bytes);
  } catch {
    return value;
  }
}

/** Returns the contact of a line, in which the number is the last field that looks like one. */
function ofLine(line) {
  const separated = /[,;\t]/.test(line) ? fieldsOf(line) : [line.replace(/\s*[+(\d][\d\s().+/-]*$/, ''), line.match(/[+(\d][\d\s().+/-]*$/)?.[0] ?? ''];
  const place = separated.findLastIndex((field) => (field.match(/\d/g)?.length ?? 0) >= 3);
  if (place < 0) return undefined;
  const name = separated.slice(0, place).find((field) => field.trim()) ?? '';
  return { name: name.trim(), phone: separated[place].trim() };
}

/** Returns the fields of a line of CSV. Quoted ones may hold separators, and quotes twice. */
function fieldsOf(line) {
  return [...line.matchAll(/(?:^|[,;\t])(?:"((?:[^"]|"")*)"|([^,;\t]*))/g)].map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare);
}
