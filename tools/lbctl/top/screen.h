// SPDX-License-Identifier: BSD-3-Clause
// The terminal, drawn by ncurses. One at a time, as ncurses has it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "tools/lbctl/top/layout.h"

namespace lbd::lbctl::top {

class Screen {
  public:
    // Throws std::runtime_error if the terminal cannot be drawn on. From here on until the end of
    // the object the terminal is ncurses'. Signals that shall not be handled by ncurses are to have
    // their handlers before.
    Screen();
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    std::size_t width() const;
    std::size_t height() const;
    Glyphs glyphs() const;

    void draw(const Page& page);
    void draw_afresh(); // the next time, whatever is there
    void resize();      // to what the terminal is now

    // A character or a Key; nothing if none is waiting, 0 for one of no meaning.
    std::optional<int> key();

  private:
    unsigned attributes(Style style) const;

    bool colours_ = false;
};

} // namespace lbd::lbctl::top
