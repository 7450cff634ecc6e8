// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/top/screen.h"

// Functions instead of macros, whose names are too common.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lbd::lbctl::top {

namespace {

enum Pair : short { pair_good = 1, pair_bad };

std::string text_of_environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

void open_terminal() {
    if (::newterm(nullptr, stdout, stdin) == nullptr)
        throw std::runtime_error("the terminal '" + text_of_environment("TERM") +
                                 "' is not known; TERM=vt100 may do");
    std::array<char, 4> name{'c', 'u', 'p', '\0'};
    if (::tigetstr(name.data()) != nullptr) return;
    ::endwin();
    throw std::runtime_error("the terminal '" + text_of_environment("TERM") +
                             "' cannot place its cursor; lbctl stats --watch needs less");
}

// https://no-color.org: whatever its value, unless it is empty.
bool colours_wanted() {
    return text_of_environment("NO_COLOR").empty() && ::has_colors();
}

} // namespace

Screen::Screen() {
    std::setlocale(LC_CTYPE, "");
    open_terminal();
    ::cbreak();
    ::noecho();
    ::nonl();
    ::curs_set(0);
    ::keypad(stdscr, true);
    ::nodelay(stdscr, true);
    ::set_escdelay(50); // milliseconds that the rest of an arrow key's sequence may take
    if (!colours_wanted() || ::start_color() == ERR) return;
    ::use_default_colors();
    ::init_pair(pair_good, COLOR_GREEN, -1);
    ::init_pair(pair_bad, COLOR_RED, -1);
    colours_ = true;
}

Screen::~Screen() {
    ::endwin();
}

std::size_t Screen::width() const {
    return static_cast<std::size_t>(::getmaxx(stdscr));
}

std::size_t Screen::height() const {
    return static_cast<std::size_t>(::getmaxy(stdscr));
}

Glyphs Screen::glyphs() const {
    return std::string_view(::nl_langinfo(CODESET)) == "UTF-8" ? Glyphs::blocks : Glyphs::ascii;
}

unsigned Screen::attributes(Style style) const {
    switch (style) {
        case Style::strong:
            return A_BOLD;
        case Style::good:
            return colours_ ? COLOR_PAIR(pair_good) : A_NORMAL;
        case Style::bad:
            return colours_ ? COLOR_PAIR(pair_bad) | A_BOLD : A_REVERSE;
        case Style::header:
            return A_REVERSE;
        case Style::plain:
            break;
    }
    return A_NORMAL;
}

void Screen::draw(const Page& page) {
    ::erase();
    int row = 0;
    for (const Line& line : page.lines) {
        ::move(row++, 0);
        for (const Span& span : line) {
            ::attrset(static_cast<int>(attributes(span.style)));
            ::addnstr(span.text.data(), static_cast<int>(span.text.size()));
        }
    }
    ::attrset(A_NORMAL);
    ::refresh();
}

void Screen::draw_afresh() {
    ::clearok(curscr, true);
}

void Screen::resize() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        ::resizeterm(size.ws_row, size.ws_col);
}

std::optional<int> Screen::key() {
    constexpr std::array<std::pair<int, int>, 12> meanings{{{KEY_UP, key_up},
                                                            {KEY_DOWN, key_down},
                                                            {KEY_PPAGE, key_page_up},
                                                            {KEY_NPAGE, key_page_down},
                                                            {KEY_HOME, key_home},
                                                            {KEY_END, key_end},
                                                            {KEY_ENTER, key_enter},
                                                            {'\r', key_enter},
                                                            {'\n', key_enter},
                                                            {KEY_BACKSPACE, key_backspace},
                                                            {'\b', key_backspace},
                                                            {0x7f, key_backspace}}};
    const int code = ::getch();
    if (code == ERR) return {};
    for (const auto& [from, to] : meanings)
        if (code == from) return to;
    return code < 0x80 ? code : 0;
}

} // namespace lbd::lbctl::top
