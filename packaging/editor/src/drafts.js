// What is being typed, kept in this browser: IndexedDB, or localStorage where that does not work.
//
// A draft: {key, user, article, tab, fields, at, typed, isClosed, sending, discardedAt}. Each tab has
// a draft of its own, so two tabs never overwrite each other.
const DATABASE = "desa-ketikan";
const STORE = "naskah";
const PREFIX = "desa-ketikan:";
const breathed = new Set();

export async function openDrafts() {
  try {
    const database = await opened();
    return new Indexed(database);
  } catch (error) {
    return new Listed();
  }
}

function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "key" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

class Indexed {
  constructor(database) {
    this.database = database;
    database.onversionchange = () => database.close();
  }

  async put(draft) {
    try {
      await this.change((store) => store.put(draft));
      if (breathed.delete(draft.key)) localStorageRemove(draft.key);
    } catch (error) {
      // The browser closed the database (low on room): better there than nowhere.
      localStorage.setItem(PREFIX + draft.key, JSON.stringify(draft));
    }
  }

  remove(key) {
    localStorageRemove(key);
    return this.change((store) => store.delete(key));
  }

  async all() {
    const found = await new Promise((resolve, reject) => {
      const request = this.database.transaction(STORE).objectStore(STORE).getAll();
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    // The last breath of a closing page may be newer than what the database got.
    const known = new Map(found.map((draft) => [draft.key, draft]));
    listed().forEach((draft) => {
      const old = known.get(draft.key);
      if (!old || old.at < draft.at) known.set(draft.key, draft);
    });
    return [...known.values()];
  }

  change(work) {
    return new Promise((resolve, reject) => {
      // strict: on the disk when it says so, or a power cut takes what the page calls saved.
      const transaction = this.database.transaction(STORE, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(STORE));
    });
  }
}

class Listed {
  async put(draft) {
    localStorage.setItem(PREFIX + draft.key, JSON.stringify(draft));
  }

  async remove(key) {
    localStorageRemove(key);
  }

  async all() {
    return listed();
  }
}

// At the moment a page goes away there is no time to wait for a database.
export function lastBreath(draft) {
  try {
    localStorage.setItem(PREFIX + draft.key, JSON.stringify(draft));
    breathed.add(draft.key);
  } catch (error) {
    // Full or forbidden: the database has the text of a moment ago.
  }
}

function listed() {
  const found = [];
  try {
    for (let at = 0; at < localStorage.length; at += 1) {
      const name = localStorage.key(at);
      if (name.startsWith(PREFIX)) found.push(JSON.parse(localStorage.getItem(name)));
    }
  } catch (error) {
    return found;
  }
  return found;
}

function localStorageRemove(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch (error) {
    // Forbidden: then nothing is kept there either.
  }
}
