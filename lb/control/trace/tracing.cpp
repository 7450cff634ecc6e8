// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/trace/tracing.h"

#include <rte_cycles.h>

#include <algorithm>
#include <array>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "lb/control/log.h"
#include "lb/control/reply.h"
#include "lb/control/trace/trace_line.h"

namespace lbd::control {

namespace asio = boost::asio;
namespace json = boost::json;
using dataplane::TraceRecord;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds pause{20};
constexpr std::chrono::seconds between_counts{1}; // of what is left out

struct Told {
    TraceRecord record;
    std::size_t worker;
};

// As the workers count them.
dataplane::Tick tick_of(std::uint64_t cycles) {
    return static_cast<dataplane::Tick>(cycles / (rte_get_tsc_hz() / dataplane::ticks_per_second));
}

json::object begin_line(const TraceRequest& request) {
    return success({{"event", "begin"},
                    {"client", request.client.text()},
                    {"packets_per_second", request.rate}});
}

json::object left_out_line(std::uint64_t packets) {
    return success({{"event", "left_out"}, {"packets_left_out", packets}});
}

json::object end_line(std::uint64_t packets, std::uint64_t left_out) {
    return success({{"event", "end"}, {"packets", packets}, {"packets_left_out", left_out}});
}

double unix_time(std::uint64_t cycles) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const double ago =
        static_cast<double>(rte_rdtsc() - cycles) / static_cast<double>(rte_get_tsc_hz());
    return std::chrono::duration<double>(now).count() - ago;
}

} // namespace

// A trace that is under way.
class Tracing::Session {
  public:
    Session(Tracing& tracing, const TraceRequest& request)
        : tracing_(tracing),
          life_(tracing.life_),
          trace_(std::make_shared<dataplane::Trace>(wish_of(request.client), request.rate,
                                                    tracing.engine_.workers())),
          bucket_(request.rate) {
        tracing_.traces_.push_back(trace_);
        tracing_.publish();
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() {
        if (life_.expired()) return;
        std::erase(tracing_.traces_, trace_);
        tracing_.publish();
    }

    // What the workers have told since the last time, in the order in which it happened. As much
    // of it as the rate allows.
    std::vector<Told> take() {
        std::vector<Told> all;
        for (std::size_t worker = 0; worker < trace_->channels.size(); ++worker) {
            std::array<TraceRecord, dataplane::TraceChannel::ring_size> records;
            const unsigned count =
                trace_->channels[worker]->records.pop(records.data(), records.size());
            for (unsigned i = 0; i < count; ++i) all.push_back({records[i], worker});
        }
        std::sort(all.begin(), all.end(), [](const Told& one, const Told& other) {
            return one.record.cycles < other.record.cycles;
        });
        if (trace_->channels.size() > 1)
            std::erase_if(all, [this](const Told& told) {
                last_ = std::max(last_, tick_of(told.record.cycles));
                const bool beyond = !bucket_.take(last_);
                beyond_ += beyond ? 1 : 0;
                return beyond;
            });
        return all;
    }

    std::uint64_t left_out() const {
        std::uint64_t sum = beyond_;
        for (const auto& channel : trace_->channels) sum += channel->left_out.get();
        return sum;
    }

  private:
    Tracing& tracing_;
    std::weak_ptr<int> life_;
    std::shared_ptr<dataplane::Trace> trace_;
    dataplane::TokenBucket bucket_; // of all workers together
    dataplane::Tick last_ = 0;
    std::uint64_t beyond_ = 0;
};

void Tracing::publish() {
    engine_.publication().publish_traces(
        traces_.empty() ? nullptr : std::make_unique<const dataplane::TraceList>(traces_));
}

asio::awaitable<json::value> Tracing::follow(TraceRequest request, ReplyStream& stream) {
    if (traces_.size() == dataplane::most_traces)
        co_return failure(std::to_string(traces_.size()) +
                          " traces are under way, which is the most at once");
    Session session(*this, request);
    log(LogLevel::info, "trace of " + request.client.text() + " by command");
    asio::steady_timer timer(co_await asio::this_coro::executor);
    const auto end = Clock::now() + std::chrono::seconds(request.seconds.value_or(0));
    auto next_count = Clock::now() + between_counts;
    std::uint64_t told = 0;
    std::uint64_t left_out = 0;
    const auto complete = [&] { return request.count && told == *request.count; };
    bool there = co_await stream.send(begin_line(request));
    while (there && !complete() && (!request.seconds || Clock::now() < end) && !stream.gone()) {
        timer.expires_after(pause);
        co_await timer.async_wait(asio::use_awaitable);
        for (const Told& each : session.take()) {
            if (!there || complete()) break;
            json::object line = trace_line(each.record, each.worker, roster_);
            line["time_seconds"] = unix_time(each.record.cycles);
            there = co_await stream.send(success(std::move(line)));
            ++told;
        }
        if (there && session.left_out() != left_out && Clock::now() >= next_count) {
            next_count = Clock::now() + between_counts;
            left_out = session.left_out();
            there = co_await stream.send(left_out_line(left_out));
        }
    }
    co_return end_line(told, session.left_out());
}

} // namespace lbd::control
