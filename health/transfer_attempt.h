// SPDX-License-Identifier: BSD-3-Clause
// Whether a web server answers as it should, by libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>

#include "health/attempt.h"
#include "health/transfers.h"

namespace lbd::health {

class TransferAttempt : public Attempt {
  public:
    TransferAttempt(Transfers& transfers, Probe probe);
    ~TransferAttempt() override;

    void start(Done done) override;

  private:
    struct FreeEasy {
        void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    };
    struct FreeList {
        void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    };
    using List = std::unique_ptr<curl_slist, FreeList>;

    static int bind_to_interface(void* self, curl_socket_t socket, curlsocktype);
    static std::size_t take(const char* bytes, std::size_t size, std::size_t count, void* self);

    void set_common();
    void set_http();
    void set_tls();
    void ask();
    void ended(CURLcode code);
    std::string fault_of(CURLcode code) const;
    void finish(Result::Kind kind, std::string text);
    Milliseconds passed() const;

    Transfers& transfers_;
    Probe probe_;
    std::unique_ptr<CURL, FreeEasy> easy_;
    List connect_to_;
    std::chrono::steady_clock::time_point started_;
    std::size_t page_ = 0; // the one that is asked for
    std::string body_;
    bool enough_ = false; // nothing more of the answer matters
    Done done_;
};

} // namespace lbd::health
