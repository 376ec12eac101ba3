/**
 * The launcher's texts in every language, needed before anything else is loaded.
 * One line per language: open chat, close chat, new messages, the chat can't be loaded now.
 */

const NAMES = /** @type {const} */ (["open", "close", "unread", "away"]);

/** @type {{ [locale: string]: string[] }} */
// biome-ignore format: one line per language reads best.
export const launcherStrings = {
  ar: ["فتح الدردشة", "إغلاق الدردشة", "رسائل جديدة: {n}", "يتعذر تحميل الدردشة الآن. نحاول مجددًا…"],
  cs: ["Otevřít chat", "Zavřít chat", "Nové zprávy: {n}", "Chat teď nelze načíst. Zkoušíme to znovu…"],
  da: ["Åbn chatten", "Luk chatten", "Nye beskeder: {n}", "Chatten kan ikke indlæses lige nu. Prøver igen…"],
  de: ["Chat öffnen", "Chat schließen", "Neue Nachrichten: {n}", "Der Chat kann gerade nicht geladen werden. Neuer Versuch…"],
  el: ["Άνοιγμα συνομιλίας", "Κλείσιμο συνομιλίας", "Νέα μηνύματα: {n}", "Η συνομιλία δεν μπορεί να φορτωθεί τώρα. Νέα προσπάθεια…"],
  en: ["Open chat", "Close chat", "New messages: {n}", "The chat can’t be loaded right now. Trying again…"],
  es: ["Abrir el chat", "Cerrar el chat", "Mensajes nuevos: {n}", "No se puede cargar el chat ahora. Reintentando…"],
  fa: ["باز کردن گفتگو", "بستن گفتگو", "پیام‌های جدید: {n}", "گفتگو اکنون بارگذاری نمی‌شود. در حال تلاش دوباره…"],
  fi: ["Avaa chat", "Sulje chat", "Uusia viestejä: {n}", "Chattia ei voi juuri nyt ladata. Yritetään uudelleen…"],
  fr: ["Ouvrir le chat", "Fermer le chat", "Nouveaux messages : {n}", "Impossible de charger le chat pour le moment. Nouvel essai…"],
  he: ["פתיחת הצ׳אט", "סגירת הצ׳אט", "הודעות חדשות: {n}", "לא ניתן לטעון את הצ׳אט כרגע. מנסים שוב…"],
  hi: ["चैट खोलें", "चैट बंद करें", "नए संदेश: {n}", "चैट अभी लोड नहीं हो पा रही है। फिर से कोशिश हो रही है…"],
  id: ["Buka obrolan", "Tutup obrolan", "Pesan baru: {n}", "Obrolan belum dapat dimuat saat ini. Mencoba lagi…"],
  it: ["Apri la chat", "Chiudi la chat", "Nuovi messaggi: {n}", "Al momento non è possibile caricare la chat. Nuovo tentativo…"],
  ja: ["チャットを開く", "チャットを閉じる", "新着メッセージ：{n}件", "現在チャットを読み込めません。再試行しています…"],
  ko: ["채팅 열기", "채팅 닫기", "새 메시지: {n}개", "지금은 채팅을 불러올 수 없습니다. 다시 시도하는 중…"],
  nb: ["Åpne chatten", "Lukk chatten", "Nye meldinger: {n}", "Chatten kan ikke lastes inn akkurat nå. Prøver igjen…"],
  nl: ["Chat openen", "Chat sluiten", "Nieuwe berichten: {n}", "De chat kan nu niet worden geladen. We proberen het opnieuw…"],
  pl: ["Otwórz czat", "Zamknij czat", "Nowe wiadomości: {n}", "Nie można teraz wczytać czatu. Ponawiamy próbę…"],
  pt: ["Abrir o chat", "Fechar o chat", "Novas mensagens: {n}", "De momento, não é possível carregar o chat. A tentar novamente…"],
  "pt-BR": ["Abrir o chat", "Fechar o chat", "Novas mensagens: {n}", "Não é possível carregar o chat agora. Tentando novamente…"],
  ro: ["Deschideți chatul", "Închideți chatul", "Mesaje noi: {n}", "Chatul nu poate fi încărcat acum. Reîncercăm…"],
  ru: ["Открыть чат", "Закрыть чат", "Новые сообщения: {n}", "Сейчас не удаётся загрузить чат. Пробуем ещё раз…"],
  sv: ["Öppna chatten", "Stäng chatten", "Nya meddelanden: {n}", "Chatten kan inte läsas in just nu. Försöker igen…"],
  tr: ["Sohbeti aç", "Sohbeti kapat", "Yeni mesajlar: {n}", "Sohbet şu anda yüklenemiyor. Yeniden deneniyor…"],
  uk: ["Відкрити чат", "Закрити чат", "Нові повідомлення: {n}", "Зараз не вдається завантажити чат. Пробуємо ще раз…"],
  vi: ["Mở trò chuyện", "Đóng trò chuyện", "Tin nhắn mới: {n}", "Hiện chưa tải được cuộc trò chuyện. Đang thử lại…"],
  zh: ["打开聊天", "关闭聊天", "新消息：{n}", "暂时无法加载聊天，正在重试…"],
  "zh-TW": ["開啟聊天", "關閉聊天", "新訊息：{n}", "目前無法載入聊天，正在重試…"],
};

/** @typedef {{ [name in typeof NAMES[number]]: string }} LauncherStrings */

/** @param {string} locale @param {Partial<LauncherStrings>} [texts] the page's own @returns {LauncherStrings} */
export const launcherStringsOf = (locale, texts) =>
  /** @type {LauncherStrings} */ ({
    ...Object.fromEntries(
      NAMES.map((name, at) => [name, (launcherStrings[locale] ?? launcherStrings.en)[at]]),
    ),
    ...texts,
  });
