// SPDX-License-Identifier: BSD-3-Clause
// Has the workers trace clients, and passes on what they tell. Control thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <memory>

#include "lb/control/reply_stream.h"
#include "lb/control/roster.h"
#include "lb/control/trace/trace_request.h"
#include "lb/dataplane/engine.h"

namespace lbd::control {

class Tracing {
  public:
    // What is referred to is not used any more when the object is gone, though coroutines of
    // follow() may be there still.
    Tracing(dataplane::Engine& engine, const Roster& roster) : engine_(engine), roster_(roster) {}
    Tracing(const Tracing&) = delete;
    Tracing& operator=(const Tracing&) = delete;

    // Answers a request: line after line on `stream` until the client is gone, or what the request
    // says is reached; then the last one.
    boost::asio::awaitable<boost::json::value> follow(TraceRequest request, ReplyStream& stream);

  private:
    class Session;

    void publish();

    dataplane::Engine& engine_;
    const Roster& roster_;
    dataplane::TraceList traces_;
    std::shared_ptr<int> life_ = std::make_shared<int>();
};

} // namespace lbd::control
