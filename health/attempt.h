// SPDX-License-Identifier: BSD-3-Clause
// One check, again and again, without waiting for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "health/probe.h"

namespace lbd::health {

struct Result {
    enum class Kind { success, failure, local_error }; // local: we could not even try
    Kind kind;
    std::string text; // for the operator
    Milliseconds duration;
    std::string warning{}; // what is wrong without being a failure; empty: nothing
};

class Attempt {
  public:
    using Done = std::function<void(const Result&)>;

    Attempt() = default;
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    virtual ~Attempt() = default;

    // Calls `done` once, on the io_context and after this has returned, at the latest when the
    // probe's timeout is over; not if the object is gone by then. One at a time.
    virtual void start(Done done) = 0;
};

class Transfers;
class Wires;

// What attempts share. All of it outlives them.
struct Means {
    boost::asio::io_context& io;
    Transfers& transfers;
    Wires& wires;
};

// Of the kind of `probe`.
std::unique_ptr<Attempt> make_attempt(const Means& means, const Probe& probe);

} // namespace lbd::health
