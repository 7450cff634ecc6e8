// SPDX-License-Identifier: BSD-3-Clause
// What is wrong with a configuration file: every error of the file, each with its place.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace lbd::config {

struct Place { // counted from 1; 0: the file as a whole
    int line = 0;
    int column = 0;
    bool operator==(const Place&) const = default;
};

struct Error {
    std::string file;
    Place place;
    std::string path; // services[0].backends[1].port; empty: the whole document
    // Either what was found and what is allowed instead, or a sentence.
    std::string found;
    std::string allowed;
    std::string message;

    // file:line:column: path: found 'abc', allowed: 1..65535
    std::string text() const;
};

// Thrown by the loader. what() is one line per error.
class Errors : public std::exception {
  public:
    explicit Errors(std::vector<Error> errors);
    const char* what() const noexcept override { return text_.c_str(); }
    const std::vector<Error>& list() const { return errors_; }

  private:
    std::vector<Error> errors_;
    std::string text_;
};

// Gathers the errors of one file. Keeps a bounded number of them: a file of nothing but errors must
// not cost more memory than the file.
class ErrorList {
  public:
    explicit ErrorList(std::string file) : file_(std::move(file)) {}

    void not_allowed(Place place, std::string path, std::string found, std::string allowed);
    void say(Place place, std::string path, std::string message);
    bool empty() const { return errors_.empty(); }
    bool full() const { return left_out_ > 0; } // nobody reads more
    void throw_if_any();                        // throws Errors, in the order of the file

  private:
    void add(Error error);

    std::string file_;
    std::vector<Error> errors_;
    std::size_t left_out_ = 0;
};

// The text as it can be shown in one line of a terminal: quoted, control characters escaped, cut.
std::string in_quotes(std::string_view text);

// The same of what stands where a key is expected. If it has a colon, a blank is missing after it,
// and what follows may be a secret: it is left out.
std::string key_in_quotes(std::string_view text);

} // namespace lbd::config
